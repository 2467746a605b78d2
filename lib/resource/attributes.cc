// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "lib/resource/schema.h"

namespace fettle::resource {
namespace {

constexpr std::size_t kUsual = 4;  // How many most resources have.

bool NameBefore(const std::pair<std::string, Value>& entry, std::string_view name) {
  return entry.first < name;
}

}  // namespace

void Attributes::Set(std::string_view name, Value value) {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), name, NameBefore);
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
    return;
  }
  const auto index = at - entries_.begin();
  if (entries_.size() == entries_.capacity()) {
    // Doubling would waste half of it, times the number of all resources.
    entries_.reserve(entries_.size() + (entries_.empty() ? kUsual : 1));
  }
  entries_.emplace(entries_.begin() + index, std::string(name), std::move(value));
}

const Value* Attributes::Find(std::string_view name) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, NameBefore);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

bool Attributes::Bool(std::string_view name, bool fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? fallback : value->AsBool();
}

int64_t Attributes::Integer(std::string_view name, int64_t fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? fallback : value->AsInteger();
}

std::string Attributes::String(std::string_view name, std::string_view fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? std::string(fallback) : value->AsString();
}

std::vector<std::string> Attributes::StringList(std::string_view name) const {
  std::vector<std::string> texts;
  const Value* value = Find(name);
  if (value == nullptr) {
    return texts;
  }
  for (const Value& item : value->AsList()) {
    texts.push_back(item.AsString());
  }
  return texts;
}

absl::Duration Attributes::Duration(std::string_view name, absl::Duration fallback) const {
  const Value* value = Find(name);
  if (value == nullptr) {
    return fallback;
  }
  const absl::StatusOr<absl::Duration> parsed = ParseDuration(value->AsString());
  return parsed.ok() ? *parsed : fallback;
}

uint32_t Attributes::Mode(std::string_view name, uint32_t fallback) const {
  const Value* value = Find(name);
  if (value == nullptr) {
    return fallback;
  }
  const std::string& text = value->AsString();
  uint32_t mode = fallback;
  std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  return mode;
}

}  // namespace fettle::resource
