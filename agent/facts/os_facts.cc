// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "agent/facts/fact_sources.h"
#include "lib/base/text.h"

namespace fettle::facts {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

// os-release(5): shell assignments, values optionally between quotes.
Settings ParseOsRelease(std::string_view text) {
  Settings settings;
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) {
      continue;
    }
    std::string_view value = Trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == value.back() &&
        (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    settings.insert_or_assign(std::string(Trim(line.substr(0, equals))), std::string(value));
  }
  return settings;
}

std::string_view Family(const Settings& settings) {
  static constexpr std::pair<std::string_view, std::string_view> kFamilies[] = {
      {"debian", "debian"},
      {"ubuntu", "debian"},
      {"rhel", "redhat"},
      {"fedora", "redhat"},
      {"centos", "redhat"},
      {"suse", "suse"},
      {"opensuse", "suse"},
      {"arch", "arch"},
      {"alpine", "alpine"}};
  for (const std::string_view key : {"ID", "ID_LIKE"}) {
    const auto found = settings.find(key);
    if (found == settings.end()) {
      continue;
    }
    for (const std::string_view word : SplitWords(found->second)) {
      for (const auto& [id, family] : kFamilies) {
        if (word == id) {
          return family;
        }
      }
    }
  }
  return "";
}

}  // namespace

resource::Value::Map OsFacts(const sys::FileReader& files) {
  std::string text = ReadTrimmed(files, "/etc/os-release");
  if (text.empty()) {
    text = ReadTrimmed(files, "/usr/lib/os-release");
  }
  const Settings settings = ParseOsRelease(text);
  resource::Value::Map facts;
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"ID", "id"},
      {"VERSION_ID", "version"},
      {"VERSION_CODENAME", "codename"},
      {"PRETTY_NAME", "pretty"}};
  for (const auto& [setting, fact] : kNames) {
    const auto found = settings.find(setting);
    SetText(fact, found == settings.end() ? "" : found->second, &facts);
  }
  SetText("family", Family(settings), &facts);
  return facts;
}

}  // namespace fettle::facts
