// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/host_fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

namespace fettle::server {
namespace {

using filter::Field;
using filter::Kind;
using filter::Value;
using Values = std::vector<Value>;

constexpr std::array<std::string_view, 4> kPresences = {"connected", "silent", "never", "revoked"};

constexpr Field kFields[] = {
    {"name", Kind::kText},
    {"presence", Kind::kText, kPresences},
    {"channel", Kind::kText},
    {"revision", Kind::kText},
    {"assigned_revision", Kind::kText},
    {"refusal", Kind::kText},
    {"agent_version", Kind::kText},
    {"address", Kind::kText},
    {"last_run_error", Kind::kText},
    {"pause_reason", Kind::kText},
    {"paused", Kind::kTruth},
    {"paused_until", Kind::kTime},
    {"enrolled", Kind::kTime},
    {"last_seen", Kind::kTime},
    {"last_run", Kind::kTime},
    {"certificate_expires", Kind::kTime},
    {"drift", Kind::kNumber},
    {"counts.ok", Kind::kNumber},
    {"counts.unknown", Kind::kNumber},
    {"counts.skipped", Kind::kNumber},
    {"counts.changed", Kind::kNumber},
    {"counts.drifted", Kind::kNumber},
    {"counts.failed", Kind::kNumber},
    {"counts.reverted", Kind::kNumber},
    {"counts.blocked", Kind::kNumber},
    {"counts.total", Kind::kNumber},
};

constexpr std::string_view kOpen[] = {"labels",
                                      "facts",
                                      "hostname",
                                      "fqdn",
                                      "machine_id",
                                      "arch",
                                      "virtual",
                                      "os",
                                      "kernel",
                                      "cpu",
                                      "memory",
                                      "network",
                                      "reboot",
                                      "restart_needed"};

// A text that is not there is absent, not empty.
Values Text(std::string_view text) {
  return text.empty() ? Values() : Values{Value(std::string(text))};
}

Values When(absl::Time time) {
  return time == absl::InfinitePast() ? Values() : Values{Value(time)};
}

struct TextField {
  std::string_view name;
  std::string_view value;
};

Values TextOf(const HostView& host, std::string_view name) {
  const HostRecord& record = host.record;
  const TextField fields[] = {{"name", record.name},
                              {"presence", PresenceName(host.presence)},
                              {"channel", record.channel},
                              {"revision", record.revision},
                              {"assigned_revision", host.assigned},
                              {"agent_version", record.agent_version},
                              {"address", record.address},
                              {"last_run_error", record.last_run_error},
                              {"pause_reason", record.pause_reason}};
  for (const TextField& field : fields) {
    if (field.name == name) {
      return Text(field.value);
    }
  }
  return name == "refusal" ? Text(RefusalOf(host)) : Values();
}

struct NumberField {
  std::string_view name;
  int64_t value;
};

Values NumberOf(const HostRecord& host, std::string_view name) {
  const resource::RunCounts& counts = host.counts;
  const NumberField fields[] = {{"drift", host.open_drift},
                                {"counts.ok", counts.ok},
                                {"counts.unknown", counts.unknown},
                                {"counts.skipped", counts.skipped},
                                {"counts.changed", counts.changed},
                                {"counts.drifted", counts.drifted},
                                {"counts.failed", counts.failed},
                                {"counts.reverted", counts.reverted},
                                {"counts.blocked", counts.blocked},
                                {"counts.total", counts.total()}};
  for (const NumberField& field : fields) {
    if (field.name == name) {
      return {static_cast<double>(field.value)};
    }
  }
  return {};
}

Values TimeOf(const HostRecord& host, std::string_view name) {
  const std::pair<std::string_view, absl::Time> fields[] = {
      {"paused_until", host.paused_until},
      {"enrolled", host.enrolled},
      {"last_seen", host.last_seen},
      {"last_run", host.last_run},
      {"certificate_expires", host.certificate_expires}};
  for (const auto& [field, time] : fields) {
    if (field == name) {
      return When(time);
    }
  }
  return {};
}

Values OfKnown(const HostView& host, const Field& field) {
  switch (field.kind) {
    case Kind::kNumber:
      return NumberOf(host.record, field.name);
    case Kind::kTime:
      return TimeOf(host.record, field.name);
    case Kind::kTruth:
      return {host.record.paused_until != absl::InfinitePast()};
    case Kind::kText:
    case Kind::kAny:
      break;
  }
  return TextOf(host, field.name);
}

void AddScalar(const nlohmann::json& json, Values* values) {
  if (json.is_string()) {
    values->emplace_back(json.get<std::string>());
  } else if (json.is_boolean()) {
    values->emplace_back(json.get<bool>());
  } else if (json.is_number()) {
    values->emplace_back(json.get<double>());
  }
}

// What filters see of JSON: a list as its members, an object as its names.
Values OfJson(const nlohmann::json& json) {
  Values values;
  if (json.is_object()) {
    for (const auto& member : json.items()) {
      values.emplace_back(member.key());
    }
  } else if (json.is_array()) {
    for (const nlohmann::json& member : json) {
      AddScalar(member, &values);
    }
  } else {
    AddScalar(json, &values);
  }
  return values;
}

// How long the longest member of `json` is that the dotted `name` begins with; 0 for none. Names
// may hold dots themselves, as those of interfaces do.
std::size_t LongestMember(const nlohmann::json& json, std::string_view name) {
  std::size_t length = json.is_object() ? name.size() : 0;
  while (length > 0 && !json.contains(std::string(name.substr(0, length)))) {
    const std::size_t dot = name.rfind('.', length - 1);
    length = dot == std::string_view::npos ? 0 : dot;
  }
  return length;
}

}  // namespace

const filter::Language& HostLanguage() {
  static constexpr filter::Language kLanguage{kFields, kOpen, "name"};
  return kLanguage;
}

HostFields::HostFields(const HostView& host, std::function<std::string()> facts)
    : host_(host), load_facts_(std::move(facts)) {}

HostFields::~HostFields() = default;

std::vector<filter::Value> HostFields::Find(std::string_view name) const {
  for (const Field& field : kFields) {
    if (field.name == name) {
      return OfKnown(host_, field);
    }
  }
  constexpr std::string_view kLabels = "labels.";
  constexpr std::string_view kFacts = "facts.";
  if (name.starts_with(kLabels)) {
    const auto found = host_.record.labels.find(std::string(name.substr(kLabels.size())));
    return found == host_.record.labels.end() ? Values() : Text(found->second);
  }
  return FindFact(name.starts_with(kFacts) ? name.substr(kFacts.size()) : name);
}

std::vector<filter::Value> HostFields::FindFact(std::string_view name) const {
  if (facts_ == nullptr) {
    facts_ = std::make_unique<const nlohmann::json>(
        nlohmann::json::parse(load_facts_(), nullptr, false));
  }
  const nlohmann::json* at = facts_.get();
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::size_t length = LongestMember(*at, rest);
    if (length == 0) {
      return {};
    }
    at = &*at->find(std::string(rest.substr(0, length)));
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return OfJson(*at);
}

}  // namespace fettle::server
