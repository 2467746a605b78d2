// SPDX-License-Identifier: Apache-2.0
// `fettle enroll token|list|revoke`: who may join, and who no longer.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/credentials.h"
#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/base/when.h"

namespace fettle::cli {
namespace {

struct TokenArguments {
  uint32_t uses = 1;
  std::string valid = "1h";
  std::string name;
  std::string channel;
  std::vector<std::string> labels;
  bool user = false;
  std::string role;
  std::string filter;
  Output output;
};

struct RevokeArguments {
  std::string token;
  std::string host;
  std::string user;
  std::string reason;
  Output output;
};

absl::StatusOr<v1::CreateTokenRequest> RequestOf(const TokenArguments& arguments) {
  constexpr absl::Duration kLongest = absl::Hours(24 * 366);
  v1::CreateTokenRequest request;
  request.set_subject(arguments.user ? v1::SUBJECT_USER : v1::SUBJECT_HOST);
  request.set_uses(arguments.uses);
  ASSIGN_OR_RETURN(const absl::Duration valid, ParseSpan(arguments.valid));
  if (valid > kLongest) {
    return InvalidArgument("--valid {}: a year is the longest", arguments.valid);
  }
  request.set_valid_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(valid)));
  request.set_name(arguments.name);
  request.set_channel(arguments.channel);
  ASSIGN_OR_RETURN(const auto labels, ParseLabels(arguments.labels));
  request.mutable_labels()->insert(labels.begin(), labels.end());
  request.set_role(arguments.role);
  request.set_filter(arguments.filter);
  if (arguments.user && arguments.name.empty()) {
    return InvalidArgument("--user needs --name: the token is good for that user alone");
  }
  return request;
}

// On standard error, so that standard output is the token and nothing else.
void SayHowToUse(const TokenArguments& arguments, const v1::Token& info) {
  std::string server = "SERVER:7441";
  if (const auto folder = ConfigFolder(); folder.ok()) {
    if (const auto credentials = LoadCredentials(*folder, absl::Now()); credentials.ok()) {
      server = credentials->login_server;
    }
  }
  fmt::print(stderr,
             "Good for {} until {}. It is shown only now. Use it with\n  {} --server {} --token "
             "TOKEN\n",
             Count(info.uses_left(), "use"),
             Rfc3339(FromMicroseconds(info.expires_us())),
             arguments.user ? "fettle login" : "fettle-agent enroll",
             server);
}

absl::Status MakeToken(const TokenArguments& arguments) {
  ASSIGN_OR_RETURN(const v1::CreateTokenRequest request, RequestOf(arguments));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::CreateTokenResponse response,
                   FleetClient(connection).CreateToken(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  Print(response.token() + "\n");
  SayHowToUse(arguments, response.info());
  return absl::OkStatus();
}

Cell UsesCell(const v1::Token& token, absl::Time now) {
  if (token.revoked()) {
    return {"revoked", Tone::kBad};
  }
  if (FromMicroseconds(token.expires_us()) <= now) {
    return {"expired", Tone::kDim};
  }
  return token.uses_left() == 0 ? Cell{"spent", Tone::kDim}
                                : Cell{std::to_string(token.uses_left()), Tone::kGood};
}

absl::Status ListTokens(const Output& output) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::ListTokensResponse response, FleetClient(connection).ListTokens());
  if (output.json()) {
    return PrintJson(response);
  }
  const absl::Time now = absl::Now();
  Table table({"TOKEN", "FOR", "USES LEFT", "EXPIRES", "NAME", "CHANNEL", "BY", "LABELS"});
  for (const v1::Token& token : response.tokens()) {
    table.Add({{token.id()},
               {token.subject() == v1::SUBJECT_USER ? "user" : "host"},
               UsesCell(token, now),
               {Age(FromMicroseconds(token.expires_us()), now)},
               {token.name().empty() ? "any" : token.name()},
               {token.channel().empty() ? "-" : token.channel()},
               {token.created_by()},
               {LabelsText(token.labels()), Tone::kDim}});
  }
  output.Print(table, "no tokens: fettle enroll token makes one");
  return absl::OkStatus();
}

absl::Status Revoke(const RevokeArguments& arguments) {
  const int named = static_cast<int>(!arguments.token.empty()) +
                    static_cast<int>(!arguments.host.empty()) +
                    static_cast<int>(!arguments.user.empty());
  if (named != 1) {
    return InvalidArgument(
        "say what to revoke: a token's id (fettle enroll list), --host NAME, or --user NAME");
  }
  v1::RevokeRequest request;
  std::string what;
  if (!arguments.token.empty()) {
    request.set_token(arguments.token);
    what = "token " + arguments.token;
  } else if (!arguments.host.empty()) {
    request.set_host(arguments.host);
    what = "host " + arguments.host;
  } else {
    request.set_user(arguments.user);
    what = "user " + arguments.user;
  }
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::RevokeResponse response, FleetClient(connection).Revoke(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  Print(fmt::format(
      "revoked {}; {} ended\n", what, Count(response.sessions_ended(), "live session")));
  return absl::OkStatus();
}

void AddToken(CLI::App& enroll, int* exit_code) {
  const auto arguments = std::make_shared<TokenArguments>();
  CLI::App* const token = enroll.add_subcommand("token", "Make a token for new hosts, or a user");
  token->add_option("--uses", arguments->uses, "How often it can be used")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  token->add_option("--valid", arguments->valid, "For how long: 90s, 15m, 2h, 7d")
      ->capture_default_str();
  token->add_option("--name", arguments->name, "The only name it is good for");
  token->add_option("--channel", arguments->channel, "The channel that its hosts follow");
  token
      ->add_option(
          "--label", arguments->labels, "A label that its hosts get, NAME=VALUE (again for more)")
      ->allow_extra_args(false)
      ->allow_extra_args(false);
  CLI::Option* const user =
      token->add_flag("--user", arguments->user, "For a person to log in with, not for hosts");
  token
      ->add_option("--role",
                   arguments->role,
                   "What that person may: admin (default), viewer, or auditor (looks, and what is "
                   "asked stands in the evidence log)")
      ->check(CLI::IsMember({"admin", "viewer", "auditor"}))
      ->needs(user);
  token->add_option("--filter", arguments->filter, "The hosts that a viewer or auditor may see")
      ->needs(user);
  AddOutputOptions(*token, &arguments->output);
  token->footer(
      "Examples: fettle enroll token --uses 20 --label role=web\n"
      "          fettle enroll token --user --name alice --role viewer --valid 1d\n"
      "          fettle enroll token --user --name vera --role auditor --filter 'labels.role == "
      "web'");
  OnParse(token, "enroll token", exit_code, [arguments] { return MakeToken(*arguments); });
}

void AddRevoke(CLI::App& enroll, int* exit_code) {
  const auto arguments = std::make_shared<RevokeArguments>();
  CLI::App* const revoke = enroll.add_subcommand(
      "revoke", "End a token, or the certificates of a host or user; live connections end at once");
  revoke->add_option("TOKEN", arguments->token, "A token's id, from fettle enroll list");
  revoke->add_option("--host", arguments->host, "A host's name");
  revoke->add_option("--user", arguments->user, "A user's name");
  revoke->add_option("--reason", arguments->reason, "Why, for the audit log");
  AddOutputOptions(*revoke, &arguments->output);
  revoke->footer("Example: fettle enroll revoke --host web1 --reason \"disk stolen\"");
  OnParse(revoke, "enroll revoke", exit_code, [arguments] { return Revoke(*arguments); });
}

}  // namespace

void AddEnrollCommand(CLI::App& app, int* exit_code) {
  CLI::App* const enroll =
      app.add_subcommand("enroll", "Who may join, and who no longer: token, list, revoke");
  enroll->require_subcommand(1);
  AddToken(*enroll, exit_code);
  const auto output = std::make_shared<Output>();
  CLI::App* const list = enroll->add_subcommand("list", "List tokens");
  AddOutputOptions(*list, output.get());
  list->footer("Example: fettle enroll list");
  OnParse(list, "enroll list", exit_code, [output] { return ListTokens(*output); });
  AddRevoke(*enroll, exit_code);
}

}  // namespace fettle::cli
