// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "cli/terminal/table.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

namespace fettle::cli {

// How a command speaks: the options -o and --color, which every command that prints something has.
struct Output {
  std::string format = "table";  // Or "json".
  std::string colour = "auto";   // Or "always", "never".

  bool json() const { return format == "json"; }

  // Whether to colour standard output: asked for, or a terminal without NO_COLOR.
  bool UseColour() const;

  // Prints a table fit to the terminal, or `nothing` (to standard error) when it has no rows.
  void Print(const Table& table, std::string_view nothing) const;
};

// Adds -o/--output (`formats`: the words it takes) and --color to `command`.
void AddOutputOptions(CLI::App& command, Output* output);

// Standard output, whole.
void Print(std::string_view text);

// "fettle <command>: <message>" on standard error; several lines are told as several problems.
void PrintError(std::string_view command, const absl::Status& status);

// For options whose value an empty shell variable must not stand for: "" for a word, else what is
// wrong.
std::string NotEmpty(const std::string& word);

// Columns of the terminal that standard output is, 0 if it is none.
std::size_t TerminalWidth();

// Exit codes of all commands but plan and apply; docs/reference/exit-codes.md.
inline constexpr int kExitError = 1;        // Usage, or anything not named below.
inline constexpr int kExitUnreachable = 3;  // The server cannot be reached.
inline constexpr int kExitRefused = 5;  // The server refused: not allowed, not valid, not there.

// The exit code for a status.
int ExitCodeOf(const absl::Status& status);

}  // namespace fettle::cli
