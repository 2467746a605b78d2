// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/command.h"

#include <cstdio>
#include <utility>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <google/protobuf/util/json_util.h>

#include "cli/client/credentials.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kEndsSoon = absl::Hours(24 * 3);

}  // namespace

void OnParse(CLI::App* command,
             const std::string& words,
             int* exit_code,
             std::function<absl::Status()> body) {
  command->callback([words, exit_code, body = std::move(body)] {
    const absl::Status status = body();
    if (!status.ok()) {
      PrintError(words, status);
      *exit_code = ExitCodeOf(status);
    }
  });
}

absl::StatusOr<Connection> Connect() {
  const absl::Time now = absl::Now();
  ASSIGN_OR_RETURN(const std::string folder, ConfigFolder());
  ASSIGN_OR_RETURN(const Credentials credentials, LoadCredentials(folder, now));
  ASSIGN_OR_RETURN(const Login login, LoginOf(credentials));
  if (login.expires - now < kEndsSoon) {
    fmt::print(stderr,
               "fettle: your certificate ends {}; log in again before that\n",
               Age(login.expires, now));
  }
  return Connection::Open(credentials);
}

absl::StatusOr<std::string> JsonText(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return Internal("cannot write the answer as JSON: {}", status.ToString());
  }
  return text;
}

absl::Status PrintJson(const google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const std::string text, JsonText(message));
  Print(text);
  return absl::OkStatus();
}

void AddFilter(CLI::App* command, std::vector<std::string>* filter) {
  command->add_option("FILTER", *filter, "Which hosts; without it, all");
}

void AddMostOption(CLI::App* command, uint32_t* most, uint32_t usual, uint32_t limit) {
  *most = usual;
  command
      ->add_option("--most", *most, fmt::format("How many, at most {} (default: {})", limit, usual))
      ->check(CLI::Range(uint32_t{1}, limit));
}

void SayIfCut(bool cut, uint32_t most) {
  if (cut) {
    fmt::print(
        stderr,
        "there may be more; listed are the newest {} at most: --most N lists more, --until TIME "
        "older ones\n",
        most);
  }
}

std::string Count(uint64_t count, const char* singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

}  // namespace fettle::cli
