// SPDX-License-Identifier: Apache-2.0
// `fettle publish`: a policy tree becomes a signed revision on the server.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/credentials.h"
#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/git.h"
#include "cli/fleet/present.h"
#include "cli/fleet/sign.h"
#include "cli/terminal/output.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/policy/load_tree.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"
#include "lib/recipe/lint.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string tree = ".";
  std::string message;
  std::string channel;
  std::string sign_key;
  bool is_unsigned = false;
  Output output;
};

void Note(const std::string& text) {
  fmt::print(stderr, "fettle publish: {}\n", text);
}

// What the new revision is made after: the one that the channel has, else the newest; none for the
// first.
absl::StatusOr<v1::Revision> Parent(const PolicyClient& client, const std::string& channel) {
  if (!channel.empty()) {
    auto current = client.GetRevision(channel);
    if (current.ok() || !absl::IsNotFound(current.status())) {
      return current;
    }
  }
  v1::ListRevisionsRequest request;
  request.set_most(1);
  ASSIGN_OR_RETURN(const v1::ListRevisionsResponse newest, client.ListRevisions(request));
  return newest.revisions().empty() ? v1::Revision() : newest.revisions(0);
}

// Errors end here with all of them; what is merely doubtful is said.
absl::Status Lint(const policy::Tree& tree) {
  std::string errors;
  for (const recipe::Finding& finding : recipe::Lint(tree)) {
    if (finding.severity == recipe::Severity::kError) {
      errors += (errors.empty() ? "" : "\n") + finding.problem.Display();
    } else if (finding.severity == recipe::Severity::kWarning) {
      Note(fmt::format("warning: {}", finding.problem.Display()));
    }
  }
  return errors.empty() ? absl::OkStatus() : InvalidArgument("{}", errors);
}

absl::StatusOr<std::string> UserName() {
  ASSIGN_OR_RETURN(const std::string folder, ConfigFolder());
  ASSIGN_OR_RETURN(const Credentials credentials, LoadCredentials(folder, absl::Now()));
  ASSIGN_OR_RETURN(Login login, LoginOf(credentials));
  return std::move(login.user);
}

// Fills in author, commit and what is to be said of it.
absl::Status Describe(const Arguments& arguments, policy::Revision& revision) {
  revision.message = arguments.message;
  const auto git = ReadGit(arguments.tree);
  if (!git.ok()) {
    Note(fmt::format("no commit is recorded: {}", Message(git.status())));
  } else if (git->work_tree) {
    revision.author = git->author;
    revision.git_commit = git->commit;
    if (git->dirty) {
      revision.message += " (with uncommitted changes)";
      Note("the tree has changes that are not in the commit; the message says so");
    }
  }
  if (revision.author.empty()) {
    ASSIGN_OR_RETURN(revision.author, UserName());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Sign(const Arguments& arguments, const std::string& statement) {
  if (arguments.is_unsigned) {
    return "";
  }
  std::string key = arguments.sign_key;
  if (key.empty()) {
    ASSIGN_OR_RETURN(key, DefaultSigningKey());
  }
  return SignRevision(statement, key);
}

// Uploads what the server lacks of the tree and its manifest.
absl::Status Upload(const PolicyClient& client,
                    const policy::Tree& tree,
                    const std::string& manifest) {
  std::map<Digest, std::string_view> blobs = {{Sha256(manifest), manifest}};
  for (const auto& [path, file] : tree.files()) {
    blobs[file.digest] = file.content;
  }
  std::vector<Digest> all;
  all.reserve(blobs.size());
  for (const auto& [digest, content] : blobs) {
    all.push_back(digest);
  }
  ASSIGN_OR_RETURN(const std::vector<Digest> missing, client.MissingBlobs(all));
  std::map<Digest, std::string_view> wanted;
  for (const Digest& digest : missing) {
    wanted[digest] = blobs[digest];
  }
  return wanted.empty() ? absl::OkStatus() : client.UploadBlobs(wanted);
}

void Report(const Arguments& arguments, const v1::PublishResponse& response) {
  const v1::Revision& revision = response.revision();
  Print(fmt::format(
      "{} published, {}{}\n",
      revision.name(),
      HexEncode(revision.id()),
      revision.signed_by().empty() ? ", unsigned" : ", signed by " + revision.signed_by()));
  if (arguments.channel.empty()) {
    Print(fmt::format("no channel points to it yet: fettle channel set CHANNEL {}\n",
                      revision.name()));
    return;
  }
  Print(fmt::format("{} → {}: {} on it, {} reached now\n",
                    arguments.channel,
                    revision.name(),
                    Count(response.hosts(), "host"),
                    response.connected()));
}

absl::Status Publish(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const policy::Tree tree, policy::LoadTree(arguments.tree));
  RETURN_IF_ERROR(Lint(tree));
  const std::string manifest = policy::EncodeManifest(policy::ManifestOf(tree));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const PolicyClient client(connection);
  ASSIGN_OR_RETURN(const v1::Revision parent, Parent(client, arguments.channel));

  policy::Revision revision;
  revision.tree = Sha256(manifest);
  revision.created = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  if (!parent.id().empty()) {
    ASSIGN_OR_RETURN(revision.parent, Digest::FromRaw(parent.id()));
  }
  if (parent.tree() == revision.tree.Raw()) {
    Note(fmt::format("the tree is that of {}, nothing in it changed", parent.name()));
  }
  RETURN_IF_ERROR(Describe(arguments, revision));
  v1::PublishRequest request;
  ASSIGN_OR_RETURN(*request.mutable_statement(), policy::RevisionStatement(revision));
  ASSIGN_OR_RETURN(*request.mutable_signature(), Sign(arguments, request.statement()));
  request.set_channel(arguments.channel);

  RETURN_IF_ERROR(Upload(client, tree, manifest));
  ASSIGN_OR_RETURN(const v1::PublishResponse response, client.Publish(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  Report(arguments, response);
  return absl::OkStatus();
}

}  // namespace

void AddPublishCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("publish", "Sign a policy tree and publish it as a new revision");
  command->add_option("TREE", arguments->tree, "The policy tree: a folder with fleet.lua")
      ->check(NotEmpty)
      ->capture_default_str();
  command->add_option("-m,--message", arguments->message, "What changes, and why")
      ->check(NotEmpty)
      ->required();
  command->add_option(
      "--channel", arguments->channel, "Also move this channel to it: its hosts act at once");
  CLI::Option* const key = command->add_option(
      "--sign-key",
      arguments->sign_key,
      "SSH key to sign with: a private key's file, or a public one's that your SSH agent has "
      "(default: ~/.ssh/id_ed25519)");
  command->add_flag("--unsigned", arguments->is_unsigned, "Do not sign: most hosts will refuse it")
      ->excludes(key);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Only content that the server lacks is uploaded. In a git work tree the commit is recorded.\n"
      "\nExample: fettle publish policy -m \"nginx: close idle connections\" --channel staging");
  OnParse(command, "publish", exit_code, [arguments] { return Publish(*arguments); });
}

}  // namespace fettle::cli
