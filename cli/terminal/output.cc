// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::cli {

bool Output::UseColour() const {
  if (colour != "auto") {
    return colour == "always";
  }
  const char* const off = secure_getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) != 0 && (off == nullptr || *off == '\0');
}

void Output::Print(const Table& table, std::string_view nothing) const {
  if (table.empty()) {
    fmt::print(stderr, "{}\n", nothing);
    return;
  }
  cli::Print(table.Format(UseColour(), TerminalWidth()));
}

void AddOutputOptions(CLI::App& command, Output* output) {
  command.add_option("-o,--output", output->format, "table for people, json for programs")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command
      .add_option("--color", output->colour, "auto colours on a terminal (NO_COLOR is honoured)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

void Print(std::string_view text) {
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

void PrintError(std::string_view command, const absl::Status& status) {
  for (const std::string_view line : SplitLines(Message(status))) {
    fmt::print(stderr, "fettle {}: {}\n", command, line);
  }
}

std::string NotEmpty(const std::string& word) {
  return word.empty() ? "is empty" : "";
}

std::size_t TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return 0;
  }
  return size.ws_col;
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnauthenticated:
      return kExitRefused;
    default:
      return kExitError;
  }
}

}  // namespace fettle::cli
