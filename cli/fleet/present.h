// SPDX-License-Identifier: Apache-2.0
// How the fleet commands show what the server answers. Nothing here prints.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "cli/terminal/table.h"
#include "fettle/v1/fleet.pb.h"
#include "fettle/v1/history.pb.h"
#include "fettle/v1/report.pb.h"
#include "lib/export/words.h"

namespace fettle::cli {

// Microseconds since 1970 as the contract has them; InfinitePast for 0, which means never.
absl::Time FromMicroseconds(int64_t microseconds);
int64_t ToMicroseconds(absl::Time time);

// A span in one or two units: "12ms", "3.2s", "4m", "3h", "2d".
std::string SpanText(absl::Duration span);

// "ok", "failed", …, coloured by what it means.
Cell StateCell(v1::State state);

// "connected", "connected, paused", "silent 3m", "never seen", "revoked".
Cell PresenceCell(const v1::Host& host, absl::Time now);

// "corrected", "left alone", "failed", "ended"; "contended, corrected" when somebody keeps changing
// it back.
Cell OutcomeCell(const v1::DriftRecord& drift);

// What kind of thing a span or a drift is: "intended change", "correction", "left alone", "first
// set", "reverted", "failed", …; "contended correction" when somebody keeps changing it back. ""
// for a resource at rest.
std::string WhatText(v1::State state, v1::Cause cause, std::string_view contended);

// What is worst first: "1 failed, 2 skipped, 40 ok"; "-" when there is nothing.
Cell CountsCell(const v1::RunCounts& counts);

// "r3", or "r3 → r4" for a host that should enforce another one than it does.
Cell RevisionCell(const v1::Host& host);

// "first sight", "intended", "drift", "".
std::string CauseText(v1::Cause cause);

// "env=prod role=web", by name.
template <typename Map>
std::string LabelsText(const Map& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  std::string text;
  for (const auto& [name, value] : sorted) {
    text.append(text.empty() ? "" : " ").append(name).append("=").append(value);
  }
  return text;
}

// The differences of a resource, indented, a line each: "mode: 0600 → 0644". Text that has a
// unified diff shows that. Ends with a newline unless there are none.
std::string DifferencesText(const google::protobuf::RepeatedPtrField<v1::Difference>& differences,
                            bool colour);

// An error and its position, indented; "" if there is none.
std::string ErrorText(std::string_view error, bool colour);

// Who changed it, indented, on a line of its own; then that it is fought over. "" when neither is
// known.
std::string ActorText(const v1::Actor* actor, std::string_view contended);

// The actor of a record, null when there is none.
template <typename Record>
const v1::Actor* ActorOf(const Record& record) {
  return record.has_actor() ? &record.actor() : nullptr;
}

// `table` (a heading line, then one line a row) with `details[i]` below row i.
std::string WithDetails(std::string_view table, const std::vector<std::string>& details);

// What hosts say is shown through this.
using exports::Safe;

// The lines of a unified diff in colour, each after `indent`.
std::string DiffText(std::string_view diff, std::string_view indent, bool colour);

// What upgrades left undone there, by the host's facts: "a boot: libc6 wants it; a restart of
// cron.service". "" when it is nothing, or the facts do not tell.
std::string WantsText(std::string_view facts_json);

// "installed", "removed", "upgraded", "downgraded".
std::string PackageWhat(const v1::PackageChange& change);

// Who changed a package, as far as it is known: "run 01J…", "apt-get upgrade, requested by ann
// (1000)".
std::string PackageBy(const v1::PackageChange& change);

// The first twelve characters of the hexadecimal of `bytes`.
std::string ShortHex(std::string_view bytes);

// The first line of `text`.
std::string FirstLine(std::string_view text);

}  // namespace fettle::cli
