// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: what every command that speaks to a server has.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

namespace google::protobuf {
class Message;
}

namespace fettle::cli {

// Runs `body` when the command line names `command`. An error is printed as "fettle <words>: …" and
// becomes the exit code that docs/reference/exit-codes.md gives it.
void OnParse(CLI::App* command,
             const std::string& words,
             int* exit_code,
             std::function<absl::Status()> body);

// To the server one is logged in to. Says on standard error when the certificate ends soon.
absl::StatusOr<Connection> Connect();

// Prints `message` as protobuf's JSON: names in camelCase, every field, 64-bit numbers and bytes
// (base 64) as strings.
absl::Status PrintJson(const google::protobuf::Message& message);

// The same as text, for who adds to it.
absl::StatusOr<std::string> JsonText(const google::protobuf::Message& message);

// Adds FILTER, any number of words, which JoinWords() makes one text of.
void AddFilter(CLI::App* command, std::vector<std::string>* filter);

// Adds --most, how many to list: `usual` by default, at most `limit`, which is the server's; more
// is refused, not cut short unsaid.
void AddMostOption(CLI::App* command, uint32_t* most, uint32_t usual, uint32_t limit = 10'000);

// Says on standard error that there is more than the `most` that are listed.
void SayIfCut(bool cut, uint32_t most);

// What AddFilter's words mean, for a footer.
inline constexpr char kFilterHelp[] =
    "FILTER is a name or pattern (web*), or an expression: labels.role == web and os.id == debian, "
    "counts.failed > 0, presence == silent, \"last_seen < 1h ago\", has labels.role. Quote what "
    "your shell would take. See docs/reference/filter.md.";

// "1 host", "3 hosts".
std::string Count(uint64_t count, const char* singular);

}  // namespace fettle::cli
