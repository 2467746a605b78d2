// SPDX-License-Identifier: Apache-2.0
// `fettle console`: where the web console is, and a token to log in to it.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "cli/client/console_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "fettle/v1/console.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  uint32_t minutes = 5;
  Output output;
};

absl::Status Offer(const Arguments& arguments) {
  v1::OfferLoginRequest request;
  request.set_valid_seconds(arguments.minutes * 60);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::OfferLoginResponse response,
                   ConsoleClient(connection).OfferLogin(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  const std::string& server = connection.address();
  Print(fmt::format("https://{}:{}/\ntoken  {}  (good once, {})\n",
                    server.substr(0, server.rfind(':')),
                    response.port(),
                    response.token(),
                    SpanText(FromMicroseconds(response.expires_us()) - absl::Now())));
  return absl::OkStatus();
}

}  // namespace

void AddConsoleCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("console", "Print the web console's address and a token to log in once");
  command->add_option("--minutes", arguments->minutes, "How long the token is good")
      ->check(CLI::Range(1, 60))
      ->capture_default_str();
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Whoever has the token is you in the console, with your role, for at most twelve hours.");
  OnParse(command, "console", exit_code, [arguments] { return Offer(*arguments); });
}

}  // namespace fettle::cli
