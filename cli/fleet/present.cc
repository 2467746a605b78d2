// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/present.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/resource/actor.h"
#include "lib/sys/debian_version.h"
#include "lib/wire/report_wire.h"

namespace fettle::cli {
namespace {

constexpr std::string_view kIndent = "    ";
constexpr std::size_t kShortHexBytes = 6;
constexpr std::size_t kMaxValueBytes = 200;

std::string Value(std::string_view value) {
  if (value.empty()) {
    return "(nothing)";
  }
  std::string shown = Safe(value.substr(0, kMaxValueBytes));
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return value.size() > kMaxValueBytes ? shown + "…" : shown;
}

// The texts of a list that is `facts[group][name]`, joined; "" when there is no such list.
std::string JoinedFact(const nlohmann::json& facts, const char* group, const char* name) {
  const auto inner = facts.find(group);
  if (inner == facts.end() || !inner->is_object() || !inner->contains(name)) {
    return "";
  }
  std::string text;
  const nlohmann::json& list = inner->at(name);
  for (const nlohmann::json& one : list) {
    if (list.is_array() && one.is_string()) {
      text += (text.empty() ? "" : ", ") + one.get<std::string>();
    }
  }
  return text;
}

Tone ToneOfLine(std::string_view line) {
  if (line.starts_with('+')) {
    return Tone::kGood;
  }
  if (line.starts_with('-')) {
    return Tone::kBad;
  }
  return line.starts_with("@@") ? Tone::kDim : Tone::kPlain;
}

std::string DifferenceText(const v1::Difference& difference, bool colour) {
  if (!difference.diff().empty()) {
    return fmt::format("{}{}:\n{}",
                       kIndent,
                       Safe(difference.attribute()),
                       DiffText(Safe(difference.diff()), "      ", colour));
  }
  return fmt::format("{}{}: {} → {}\n",
                     kIndent,
                     Safe(difference.attribute()),
                     Toned(Value(difference.current()), Tone::kBad, colour),
                     Toned(Value(difference.desired()), Tone::kGood, colour));
}

}  // namespace

absl::Time FromMicroseconds(int64_t microseconds) {
  return microseconds == 0 ? absl::InfinitePast() : absl::FromUnixMicros(microseconds);
}

int64_t ToMicroseconds(absl::Time time) {
  return absl::ToUnixMicros(time);
}

std::string SpanText(absl::Duration span) {
  if (span < absl::Seconds(1)) {
    return fmt::format("{}ms", absl::ToInt64Milliseconds(span));
  }
  if (span < absl::Minutes(1)) {
    return fmt::format("{:.1f}s", absl::ToDoubleSeconds(span));
  }
  if (span < absl::Hours(1)) {
    return fmt::format("{}m", absl::ToInt64Minutes(span));
  }
  if (span < absl::Hours(48)) {
    return fmt::format("{}h", absl::ToInt64Hours(span));
  }
  return fmt::format("{}d", absl::ToInt64Hours(span) / 24);
}

Cell StateCell(v1::State state) {
  switch (state) {
    case v1::STATE_OK:
      return {"ok", Tone::kGood};
    case v1::STATE_UNKNOWN:
      return {"unknown", Tone::kDim};
    case v1::STATE_SKIPPED:
      return {"skipped", Tone::kChanged};
    case v1::STATE_CHANGED:
      return {"changed", Tone::kChanged};
    case v1::STATE_DRIFTED:
      return {"drifted", Tone::kBad};
    case v1::STATE_FAILED:
      return {"failed", Tone::kBad};
    case v1::STATE_REVERTED:
      return {"reverted", Tone::kBad};
    case v1::STATE_BLOCKED:
      return {"blocked", Tone::kBad};
    default:
      return {"?", Tone::kDim};
  }
}

Cell PresenceCell(const v1::Host& host, absl::Time now) {
  switch (host.presence()) {
    case v1::PRESENCE_CONNECTED:
      return host.paused_until_us() == 0 ? Cell{"connected", Tone::kGood}
                                         : Cell{"connected, paused", Tone::kBad};
    case v1::PRESENCE_SILENT:
      return {fmt::format("silent {}", SpanText(now - FromMicroseconds(host.last_seen_us()))),
              Tone::kBad};
    case v1::PRESENCE_REVOKED:
      return {"revoked", Tone::kDim};
    case v1::PRESENCE_NEVER_SEEN:
      return {"never seen", Tone::kDim};
    default:
      return {"?", Tone::kDim};
  }
}

Cell OutcomeCell(const v1::DriftRecord& drift) {
  const std::string prefix = drift.contended().empty() ? "" : "contended, ";
  switch (drift.outcome()) {
    case v1::DRIFT_OPEN:
      return {prefix + "left alone", Tone::kBad};
    case v1::DRIFT_CORRECTED:
      return {prefix + "corrected", Tone::kGood};
    case v1::DRIFT_FAILED:
      return {prefix + "failed", Tone::kBad};
    case v1::DRIFT_ENDED:
      return {prefix + "ended", Tone::kDim};
    default:
      return {"?", Tone::kDim};
  }
}

Cell CountsCell(const v1::RunCounts& counts) {
  const struct {
    int32_t count;
    const char* word;
    Tone tone;
  } worst_first[] = {{counts.failed(), "failed", Tone::kBad},
                     {counts.blocked(), "blocked", Tone::kBad},
                     {counts.reverted(), "reverted", Tone::kBad},
                     {counts.drifted(), "drifted", Tone::kBad},
                     {counts.skipped(), "skipped", Tone::kChanged},
                     {counts.unknown(), "unknown", Tone::kDim},
                     {counts.changed(), "changed", Tone::kChanged},
                     {counts.ok(), "ok", Tone::kGood}};

  Cell cell;
  for (const auto& one : worst_first) {
    if (one.count == 0) {
      continue;
    }
    if (cell.text.empty()) {
      cell.tone = one.tone;
    }
    cell.text += fmt::format("{}{} {}", cell.text.empty() ? "" : ", ", one.count, one.word);
  }
  return cell.text.empty() ? Cell{"-", Tone::kDim} : cell;
}

Cell RevisionCell(const v1::Host& host) {
  const std::string at = host.revision().empty() ? "-" : host.revision();
  if (host.assigned_revision().empty() || host.assigned_revision() == host.revision()) {
    return {at, Tone::kPlain};
  }
  return {fmt::format("{} → {}", at, host.assigned_revision()),
          host.refusal().empty() ? Tone::kChanged : Tone::kBad};
}

std::string CauseText(v1::Cause cause) {
  switch (cause) {
    case v1::CAUSE_FIRST_SIGHT:
      return "first sight";
    case v1::CAUSE_INTENDED:
      return "intended";
    case v1::CAUSE_DRIFT:
      return "drift";
    default:
      return "";
  }
}

std::string WhatText(v1::State state, v1::Cause cause, std::string_view contended) {
  std::string text;
  switch (state) {
    case v1::STATE_CHANGED:
      text = cause == v1::CAUSE_DRIFT      ? "correction"
             : cause == v1::CAUSE_INTENDED ? "intended change"
                                           : "first set";
      break;
    case v1::STATE_DRIFTED:
      text = cause == v1::CAUSE_DRIFT ? "left alone" : "due, not done";
      break;
    case v1::STATE_REVERTED:
      text = "reverted";
      break;
    case v1::STATE_OK:
      return "";
    default:
      text = CauseText(cause);
  }
  return contended.empty() ? text : "contended, " + text;
}

std::string DifferencesText(const google::protobuf::RepeatedPtrField<v1::Difference>& differences,
                            bool colour) {
  std::string text;
  for (const v1::Difference& difference : differences) {
    text += DifferenceText(difference, colour);
  }
  return text;
}

std::string ErrorText(std::string_view error, bool colour) {
  std::string text;
  for (const std::string_view line : SplitLines(error)) {
    text += fmt::format("{}{}\n", kIndent, Toned(Safe(line), Tone::kBad, colour));
  }
  return text;
}

std::string ActorText(const v1::Actor* actor, std::string_view contended) {
  std::string text;
  if (actor != nullptr) {
    text = fmt::format("    by {}\n", Safe(resource::DescribeActor(wire::FromProto(*actor))));
  }
  return contended.empty() ? text : text + fmt::format("    contended: {}\n", Safe(contended));
}

std::string WithDetails(std::string_view table, const std::vector<std::string>& details) {
  std::string text;
  std::size_t line = 0;
  for (const std::string_view row : SplitLines(table)) {
    text += fmt::format("{}\n", row);
    if (line > 0 && line <= details.size()) {
      text += details[line - 1];
    }
    ++line;
  }
  return text;
}

std::string DiffText(std::string_view diff, std::string_view indent, bool colour) {
  std::string text;
  for (const std::string_view line : SplitLines(diff)) {
    text += fmt::format("{}{}\n", indent, Toned(line, ToneOfLine(line), colour));
  }
  return text;
}

std::string WantsText(std::string_view facts_json) {
  const nlohmann::json facts = nlohmann::json::parse(facts_json, nullptr, false);
  if (!facts.is_object()) {
    return "";
  }
  const std::string boot = JoinedFact(facts, "reboot", "because");
  const std::string restart = JoinedFact(facts, "restart_needed", "units");
  std::string text = boot.empty() ? "" : "a boot: " + boot;
  text += restart.empty() ? "" : (text.empty() ? "" : "; ") + ("a restart of " + restart);
  return text;
}

std::string PackageWhat(const v1::PackageChange& change) {
  if (change.from().empty()) {
    return "installed";
  }
  if (change.to().empty()) {
    return "removed";
  }
  const int order = sys::CompareDebianVersions(change.from(), change.to());
  return order < 0 ? "upgraded" : order > 0 ? "downgraded" : "changed";
}

std::string PackageBy(const v1::PackageChange& change) {
  if (!change.run().empty()) {
    return fmt::format("run {}", change.run());
  }
  return change.transaction().empty() ? "not known" : change.transaction();
}

std::string ShortHex(std::string_view bytes) {
  return HexEncode(bytes.substr(0, kShortHexBytes));
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace fettle::cli
