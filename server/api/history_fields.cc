// SPDX-License-Identifier: Apache-2.0
#include "server/api/history_fields.h"

#include <algorithm>
#include <string>

#include "server/fleet/host_fields.h"

namespace fettle::server {
namespace {

using filter::Field;
using filter::Kind;
using filter::Value;
using Values = std::vector<Value>;

constexpr std::string_view kOutcomes[] = {"open", "corrected", "failed", "ended"};
constexpr std::string_view kCertainties[] = {"unknown", "probable", "certain"};
constexpr std::string_view kModes[] = {"enforce", "audit"};

constexpr Field kDriftFields[] = {
    {"resource", Kind::kText},
    {"resource.type", Kind::kText},
    {"resource.name", Kind::kText},
    {"outcome", Kind::kText, kOutcomes},
    {"cause", Kind::kText},
    {"contended", Kind::kTruth},
    {"error", Kind::kText},
    {"controls", Kind::kText},
    {"position", Kind::kText},
    {"seen", Kind::kTime},
    {"ended", Kind::kTime},
    {"who.user", Kind::kText},
    {"who.login", Kind::kText},
    {"who.command", Kind::kText},
    {"who.executable", Kind::kText},
    {"who.unit", Kind::kText},
    {"who.ssh_source", Kind::kText},
    {"who.transaction", Kind::kText},
    {"who.certainty", Kind::kText, kCertainties},
};

constexpr Field kRunFields[] = {
    {"run.id", Kind::kText},
    {"run.revision", Kind::kText},
    {"run.reason", Kind::kText},
    {"run.mode", Kind::kText, kModes},
    {"run.partial", Kind::kTruth},
    {"run.error", Kind::kText},
    {"run.started", Kind::kTime},
    {"run.seconds", Kind::kNumber},
    {"run.changed", Kind::kNumber},
    {"run.drifted", Kind::kNumber},
    {"run.failed", Kind::kNumber},
    {"run.blocked", Kind::kNumber},
    {"run.reverted", Kind::kNumber},
};

std::vector<Field> WithHostFields(std::span<const Field> own) {
  std::vector<Field> fields(own.begin(), own.end());
  const auto host = HostLanguage().fields;
  fields.insert(fields.end(), host.begin(), host.end());
  return fields;
}

Values Text(std::string_view text) {
  return text.empty() ? Values() : Values{Value(std::string(text))};
}

Values Number(int64_t number) {
  return {static_cast<double>(number)};
}

// Whether `name` is one of a language's own fields, not of the host.
bool IsOwn(std::span<const Field> own, std::string_view name) {
  return std::any_of(
      own.begin(), own.end(), [&](const Field& field) { return field.name == name; });
}

Values OfActor(const resource::Actor& actor, std::string_view name) {
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"who.user", actor.user},
      {"who.login", actor.login},
      {"who.command", actor.command},
      {"who.executable", actor.executable},
      {"who.unit", actor.unit},
      {"who.ssh_source", actor.ssh_source},
      {"who.transaction", actor.transaction},
  };
  for (const auto& [field, text] : texts) {
    if (field == name) {
      return Text(text);
    }
  }
  return Text(resource::CertaintyName(actor.certainty));
}

Values OfReport(const resource::ResourceReport& report, std::string_view name) {
  const std::string_view id = report.id;
  const std::size_t colon = id.find(':');
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"resource", id},
      {"resource.type", id.substr(0, colon)},
      {"resource.name", colon == std::string_view::npos ? "" : id.substr(colon + 1)},
      {"cause", resource::CauseName(report.cause)},
      {"error", report.error},
      {"position", report.position},
  };
  for (const auto& [field, text] : texts) {
    if (field == name) {
      return Text(text);
    }
  }
  Values controls;
  for (const std::string& control : report.controls) {
    controls.emplace_back(control);
  }
  return controls;
}

}  // namespace

const filter::Language& DriftLanguage() {
  static const std::vector<Field> fields = WithHostFields(kDriftFields);
  static const filter::Language language{fields, HostLanguage().open, "name"};
  return language;
}

const filter::Language& RunLanguage() {
  static const std::vector<Field> fields = WithHostFields(kRunFields);
  static const filter::Language language{fields, HostLanguage().open, "name"};
  return language;
}

std::vector<filter::Value> DriftFields::Find(std::string_view name) const {
  if (name == "name") {
    return Text(entry_.host);
  }
  if (!IsOwn(kDriftFields, name)) {
    return host_ == nullptr ? Values() : host_->Find(name);
  }
  if (name.starts_with("who.")) {
    return entry_.report.actor.has_value() ? OfActor(*entry_.report.actor, name) : Values();
  }
  if (name == "outcome") {
    return Text(kOutcomes[static_cast<std::size_t>(entry_.outcome)]);
  }
  if (name == "contended") {
    return {!entry_.report.contended.empty()};
  }
  if (name == "seen") {
    return {entry_.seen};
  }
  if (name == "ended") {
    return entry_.ended == absl::InfiniteFuture() ? Values() : Values{entry_.ended};
  }
  return OfReport(entry_.report, name);
}

std::vector<filter::Value> RunFields::Find(std::string_view name) const {
  if (name == "name") {
    return Text(run_.host);
  }
  if (!IsOwn(kRunFields, name)) {
    return host_ == nullptr ? Values() : host_->Find(name);
  }
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"run.id", run_.id},
      {"run.revision", run_.revision},
      {"run.reason", run_.reason},
      {"run.error", run_.error},
      {"run.mode", kModes[run_.enforce ? 0 : 1]},
  };
  for (const auto& [field, text] : texts) {
    if (field == name) {
      return Text(text);
    }
  }
  const std::pair<std::string_view, int32_t> numbers[] = {
      {"run.changed", run_.counts.changed},
      {"run.drifted", run_.counts.drifted},
      {"run.failed", run_.counts.failed},
      {"run.blocked", run_.counts.blocked},
      {"run.reverted", run_.counts.reverted},
  };
  for (const auto& [field, number] : numbers) {
    if (field == name) {
      return Number(number);
    }
  }
  if (name == "run.partial") {
    return {run_.partial};
  }
  return name == "run.started" ? Values{run_.started}
                               : Values{absl::ToDoubleSeconds(run_.duration)};
}

}  // namespace fettle::server
