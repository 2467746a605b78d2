// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/filter.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/resource/report.h"

namespace fettle::server {
namespace {

using resource::State;

constexpr std::array<std::string_view, 8> kStates = {
    "ok", "unknown", "skipped", "changed", "drifted", "failed", "reverted", "blocked"};
constexpr std::array<std::string_view, 4> kPresences = {"connected", "silent", "never", "revoked"};

bool StateHolds(std::string_view name, const resource::RunCounts& counts) {
  switch (resource::StateFromName(name)) {
    case State::kOk:
      return counts.ok > 0 && counts.ok == counts.total();
    case State::kUnknown:
      return counts.unknown > 0;
    case State::kSkipped:
      return counts.skipped > 0;
    case State::kChanged:
      return counts.changed > 0;
    case State::kDrifted:
      return counts.drifted > 0;
    case State::kFailed:
      return counts.failed > 0;
    case State::kReverted:
      return counts.reverted > 0;
    case State::kBlocked:
      return counts.blocked > 0;
  }
  return false;
}

absl::Status CheckWord(std::string_view term,
                       std::string_view value,
                       std::span<const std::string_view> known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) {
    return absl::OkStatus();
  }
  return InvalidArgument("filter term \"{}\": \"{}\" is none of {}{}",
                         term,
                         value,
                         fmt::join(known, ", "),
                         DidYouMean(value, known));
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // Where to go back to: the last '*' and what it took.
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

absl::StatusOr<Filter::Term> Filter::ParseTerm(std::string_view text) {
  Term term;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    term.value = text;
    return term;
  }
  term.negated = equals > 0 && text[equals - 1] == '!';
  const std::string_view key = text.substr(0, equals - (term.negated ? 1 : 0));
  term.value = text.substr(equals + 1);
  if (key.empty() || term.value.empty()) {
    return InvalidArgument(
        "filter term \"{}\" wants a word before and a value after the equals sign", text);
  }
  if (key == "state") {
    term.kind = Kind::kState;
    RETURN_IF_ERROR(CheckWord(text, term.value, kStates));
  } else if (key == "presence") {
    term.kind = Kind::kPresence;
    RETURN_IF_ERROR(CheckWord(text, term.value, kPresences));
  } else if (key == "channel") {
    term.kind = Kind::kChannel;
  } else if (key == "revision") {
    term.kind = Kind::kRevision;
  } else if (key == "os") {
    term.kind = Kind::kOs;
  } else {
    term.kind = Kind::kLabel;
    term.label = key;
  }
  return term;
}

absl::StatusOr<Filter> Filter::Parse(std::string_view text) {
  Filter filter;
  for (const std::string_view word : SplitWords(text)) {
    ASSIGN_OR_RETURN(Term term, ParseTerm(word));
    filter.terms_.push_back(std::move(term));
  }
  return filter;
}

bool Filter::Holds(const Term& term, const HostView& host) {
  switch (term.kind) {
    case Kind::kName:
      return GlobMatches(term.value, host.record.name);
    case Kind::kState:
      return StateHolds(term.value, host.record.counts);
    case Kind::kPresence:
      return term.value == PresenceName(host.presence);
    case Kind::kChannel:
      return GlobMatches(term.value, host.record.channel);
    case Kind::kRevision:
      return GlobMatches(term.value, host.record.revision);
    case Kind::kOs:
      return GlobMatches(term.value, host.record.os) ||
             GlobMatches(term.value, host.record.os.substr(0, host.record.os.find(' ')));
    case Kind::kLabel: {
      const auto found = host.record.labels.find(term.label);
      return found != host.record.labels.end() && GlobMatches(term.value, found->second);
    }
  }
  return false;
}

bool Filter::Matches(const HostView& host) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    return Holds(term, host) != term.negated;
  });
}

}  // namespace fettle::server
