// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/report.h"

#include <algorithm>
#include <array>

namespace fettle::resource {
namespace {

constexpr std::array<std::pair<State, std::string_view>, 8> kStateNames = {{
    {State::kOk, "ok"},
    {State::kUnknown, "unknown"},
    {State::kSkipped, "skipped"},
    {State::kChanged, "changed"},
    {State::kDrifted, "drifted"},
    {State::kFailed, "failed"},
    {State::kReverted, "reverted"},
    {State::kBlocked, "blocked"},
}};

constexpr int kExitError = 1;
constexpr int kExitChanges = 2;
constexpr int kExitFailures = 4;

}  // namespace

std::string_view StateName(State state) {
  return kStateNames[static_cast<std::size_t>(state)].second;
}

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "";
    case Cause::kFirstSight:
      return "first sight";
    case Cause::kIntended:
      return "intended";
    case Cause::kDrift:
      break;
  }
  return "drift";
}

State StateFromName(std::string_view name) {
  for (const auto& [state, known] : kStateNames) {
    if (known == name) {
      return state;
    }
  }
  return State::kUnknown;
}

State RestingState(State state) {
  return state == State::kChanged ? State::kOk : state;
}

Digest StateDigest(std::vector<std::pair<std::string, State>> states) {
  std::sort(states.begin(), states.end());
  std::string lines;
  for (const auto& [id, state] : states) {
    lines += id;
    lines += ' ';
    lines += StateName(RestingState(state));
    lines += '\n';
  }
  return Sha256(lines);
}

int ExitCode(const RunReport& report) {
  if (!report.error.empty()) {
    return kExitError;
  }
  const RunCounts& counts = report.counts;
  return (counts.changed + counts.drifted > 0 ? kExitChanges : 0) +
         (counts.failed + counts.skipped + counts.reverted + counts.blocked > 0 ? kExitFailures
                                                                                : 0);
}

}  // namespace fettle::resource
