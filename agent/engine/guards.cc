// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/guards.h"

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

using resource::Guard;

absl::StatusOr<bool> FileExists(const std::string& path, const sys::HostReader& host) {
  const absl::Status status = host.files().Stat(path).status();
  if (absl::IsNotFound(status)) {
    return false;
  }
  RETURN_IF_ERROR(status);
  return true;
}

absl::StatusOr<bool> Holds(const Guard& guard, const sys::HostReader& host, Deadline deadline) {
  const std::string subject = guard.subject.empty() ? "" : guard.subject.front();
  switch (guard.test) {
    case Guard::Test::kNever:
      return false;
    case Guard::Test::kFileExists:
      return FileExists(subject, host);
    case Guard::Test::kPackageInstalled: {
      ASSIGN_OR_RETURN(const sys::PackageState state, host.packages().Package(subject));
      return state.presence == sys::PackagePresence::kInstalled;
    }
    case Guard::Test::kUnitActive: {
      ASSIGN_OR_RETURN(const sys::UnitState state, host.units().Unit(subject, deadline));
      return state.active();
    }
    case Guard::Test::kCommandSucceeds:
      break;
  }
  sys::Command command;
  command.argv = guard.subject;
  ASSIGN_OR_RETURN(const sys::CommandResult result, host.prober().Probe(command, deadline));
  constexpr int kNotRunnable = 126;  // What a shell ends with when it cannot run a command …
  constexpr int kNotFound = 127;     // … and when there is none of that name.
  if (result.exit_code == kNotRunnable || result.exit_code == kNotFound) {
    return FailedPrecondition("it cannot be run (exit code {}): {}",
                              result.exit_code,
                              result.err.substr(0, result.err.find('\n')));
  }
  return result.exit_code == 0;
}

std::string Describe(const Guard& guard) {
  const std::string subject = fmt::format("{}", fmt::join(guard.subject, " "));
  switch (guard.test) {
    case Guard::Test::kNever:
      return "never";
    case Guard::Test::kFileExists:
      return fmt::format("{} exists", subject);
    case Guard::Test::kPackageInstalled:
      return fmt::format("the package {} is installed", subject);
    case Guard::Test::kUnitActive:
      return fmt::format("{} is active", subject);
    case Guard::Test::kCommandSucceeds:
      break;
  }
  return fmt::format("\"{}\" succeeds", subject);
}

}  // namespace

absl::StatusOr<std::optional<std::string>> HeldBack(const resource::Declaration& declaration,
                                                    const sys::HostReader& host,
                                                    Deadline deadline) {
  for (const Guard& guard : declaration.guards) {
    const std::string_view word = guard.negate ? "unless" : "only if";
    const absl::StatusOr<bool> holds = Holds(guard, host, deadline);
    if (!holds.ok()) {
      return Annotate(
          holds.status(),
          fmt::format("could not find out its condition ({} {})", word, Describe(guard)));
    }
    if (*holds == guard.negate) {
      return std::optional(fmt::format(
          "left alone: {} {}, which is {}", word, Describe(guard), *holds ? "so" : "not so"));
    }
  }
  return std::optional<std::string>();
}

}  // namespace fettle::engine
