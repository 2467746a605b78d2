// SPDX-License-Identifier: Apache-2.0
// `fettle evidence`: pieces of the evidence log as files that can be checked anywhere.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/client/evidence_client.h"
#include "cli/client/user_files.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/kept_head.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/fleet/verified.h"
#include "cli/terminal/output.h"
#include "fettle/v1/evidence.pb.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/verify_bundle.h"

namespace fettle::cli {
namespace {

constexpr uint64_t kMostBundleBytes = uint64_t{4} << 30;

struct Arguments {
  std::string file;
  std::string key;
  std::string host;
  Range range;
  bool list = false;
  Output output;
};

absl::StatusOr<std::optional<evidence::NoteKey>> KeyOf(const std::string& text) {
  if (text.empty()) {
    return std::optional<evidence::NoteKey>();
  }
  auto key = evidence::NoteKey::Parse(text);
  RETURN_IF_ERROR(Annotate(key.status(), "--key"));
  return std::optional(*std::move(key));
}

absl::Status Verify(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const auto key, KeyOf(arguments.key));
  ASSIGN_OR_RETURN(const std::string text, ReadUserFile(arguments.file, kMostBundleBytes));
  auto bundle = evidence::VerifyBundle(text, key);
  RETURN_IF_ERROR(Annotate(bundle.status(), arguments.file));
  if (arguments.output.json()) {
    Print(VerifiedJson(*bundle).dump(2) + "\n");
    return absl::OkStatus();
  }
  Print(VerifiedText(*bundle, arguments.output.UseColour()));
  if (arguments.list) {
    Print("\n" + LeavesTable(*bundle).Format(arguments.output.UseColour(), TerminalWidth()));
  }
  return absl::OkStatus();
}

absl::Status Export(const Arguments& arguments) {
  v1::ExportRequest request;
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  request.set_since_us(since);
  request.set_until_us(until);
  request.set_host(arguments.host);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  std::string text;
  RETURN_IF_ERROR(EvidenceClient(connection).Export(request, [&](const std::string& piece) {
    text += piece;
    return text.size() <= kMostBundleBytes
               ? absl::OkStatus()
               : FailedPrecondition("the bundle is larger than 4 GiB: choose a shorter range");
  }));
  auto bundle = evidence::VerifyBundle(text, std::nullopt);
  RETURN_IF_ERROR(Annotate(bundle.status(), "what the server sent does not hold"));
  RETURN_IF_ERROR(Annotate(WriteUserFile(arguments.file, text, 0600), arguments.file));
  if (arguments.output.json()) {
    Print(VerifiedJson(*bundle).dump(2) + "\n");
  } else {
    Print(fmt::format("{} written\n", arguments.file) +
          VerifiedText(*bundle, arguments.output.UseColour()));
  }
  return absl::OkStatus();
}

void AddExport(CLI::App* evidence, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = evidence->add_subcommand(
      "export", "Write what the log holds, with its proofs and a signed head, to FILE");
  command->add_option("FILE", arguments->file, "Where to; what is there is replaced")->required();
  command->add_option("--host",
                      arguments->host,
                      "Only this host's reports and what was done to it: for who may see it alone");
  AddRangeOptions(command, &arguments->range, "Not before");
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Example: fettle evidence export october.jsonl --since 2026-10-01 --until 2026-11-01");
  OnParse(command, "evidence export", exit_code, [arguments] { return Export(*arguments); });
}

void AddVerify(CLI::App* evidence, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      evidence->add_subcommand("verify", "Check a bundle, with no server and no credentials");
  command->add_option("FILE", arguments->file, "The bundle")->required();
  command->add_option("--key",
                      arguments->key,
                      "Key of the log, as `fettle audit key` prints it, that you got by other "
                      "means than the bundle");
  command->add_flag("--list", arguments->list, "List what it holds");
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Exit codes: 0 it holds; 5 it does not: damaged, altered, something left out, or signed by "
      "another.");
  OnParse(command, "evidence verify", exit_code, [arguments] { return Verify(*arguments); });
}

}  // namespace

void AddEvidenceCommands(CLI::App& app, int* exit_code) {
  CLI::App* const command =
      app.add_subcommand("evidence", "Export pieces of the evidence log, and check them anywhere");
  command->require_subcommand(1);
  AddExport(command, exit_code);
  AddVerify(command, exit_code);
}

}  // namespace fettle::cli
