// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/dpkg_status.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle::sys {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

bool TakePrefix(std::string_view& line, std::string_view prefix) {
  if (line.substr(0, prefix.size()) != prefix) {
    return false;
  }
  line = Trim(line.substr(prefix.size()));
  return true;
}

void SetStatus(std::string_view value, DpkgEntry& entry) {
  const std::vector<std::string_view> words = SplitWords(value);
  if (words.size() == 3) {
    entry.held = words[0] == "hold";
    entry.reinstall_required = words[1] == "reinstreq";
    entry.status = words[2];
  }
}

// The first letter decides what may come: most lines are descriptions, dependencies and lists of
// files.
void TakeLine(std::string_view line, DpkgEntry& entry) {
  switch (line[0]) {
    case 'P':
      if (TakePrefix(line, "Package:")) {
        entry.name = line;
      } else if (TakePrefix(line, "Provides:")) {
        entry.provides = line;
      }
      break;
    case 'S':
      if (TakePrefix(line, "Status:")) {
        SetStatus(line, entry);
      }
      break;
    case 'V':
      if (TakePrefix(line, "Version:")) {
        entry.version = line;
      }
      break;
    case 'A':
      if (TakePrefix(line, "Architecture:")) {
        entry.architecture = line;
      }
      break;
    case 'E':
      if (TakePrefix(line, "Essential:")) {
        entry.essential = line == "yes";
      }
      break;
    default:
      break;
  }
}

std::pair<std::string_view, std::string_view> SplitName(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::pair(name, std::string_view())
                                         : std::pair(name.substr(0, colon), name.substr(colon + 1));
}

}  // namespace

std::vector<DpkgEntry> ParseDpkgStatus(std::string_view text) {
  std::vector<DpkgEntry> entries;
  DpkgEntry entry;
  const auto finish = [&] {
    if (!entry.name.empty()) {
      entries.push_back(entry);
    }
    entry = DpkgEntry();
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) {
      finish();
    } else {
      TakeLine(line, entry);
    }
  }
  finish();
  return entries;
}

PackagePresence PresenceOf(const DpkgEntry& entry) {
  if (entry.reinstall_required) {
    return PackagePresence::kBroken;
  }
  if (entry.status == "installed") {
    return PackagePresence::kInstalled;
  }
  if (entry.status == "config-files") {
    return PackagePresence::kConfigFiles;
  }
  return entry.status == "not-installed" || entry.status.empty() ? PackagePresence::kAbsent
                                                                 : PackagePresence::kBroken;
}

DpkgStatus::DpkgStatus(std::vector<std::string> texts) : texts_(std::move(texts)) {
  for (const std::string& text : texts_) {
    for (const DpkgEntry& entry : ParseDpkgStatus(text)) {
      Add(entry);
    }
  }
  const auto dpkg = by_name_.find("dpkg");
  native_ = dpkg == by_name_.end() ? "amd64" : entries_[dpkg->second].architecture;
  IndexProvides();
}

void DpkgStatus::Add(const DpkgEntry& entry) {
  const auto [first, is_new] = by_name_.try_emplace(entry.name, entries_.size());
  std::size_t last = kNone;
  for (std::size_t i = is_new ? kNone : first->second; i != kNone; i = next_[i]) {
    if (entries_[i].architecture == entry.architecture || entries_[i].architecture.empty()) {
      entries_[i] = entry;
      return;
    }
    last = i;
  }
  if (last != kNone) {
    next_[last] = entries_.size();
  }
  entries_.push_back(entry);
  next_.push_back(kNone);
}

void DpkgStatus::IndexProvides() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].provides.empty() || PresenceOf(entries_[i]) != PackagePresence::kInstalled) {
      continue;
    }
    // "mail-transport-agent, libc6-x (= 1.0), foo:any"
    for (const std::string_view item : Split(entries_[i].provides, ',')) {
      const std::string_view name = Trim(item);
      providers_[name.substr(0, name.find_first_of(" :("))].push_back(i);
    }
  }
}

const DpkgEntry* DpkgStatus::Find(std::string_view full_name) const {
  const auto [name, architecture] = SplitName(full_name);
  const auto first = by_name_.find(name);
  const DpkgEntry* foreign = nullptr;
  for (std::size_t i = first == by_name_.end() ? kNone : first->second; i != kNone; i = next_[i]) {
    const DpkgEntry& entry = entries_[i];
    const bool native =
        entry.architecture == native_ || entry.architecture == "all" || entry.architecture.empty();
    if (entry.architecture == architecture || (native && architecture.empty()) ||
        (native && architecture == native_)) {
      return &entry;
    }
    foreign = architecture == "any" ? &entry : foreign;
  }
  return foreign;
}

PackageState DpkgStatus::State(std::string_view name) const {
  PackageState state;
  if (const DpkgEntry* entry = Find(name); entry != nullptr) {
    state.presence = PresenceOf(*entry);
    state.held = entry->held;
    state.architecture = entry->architecture;
    if (state.presence != PackagePresence::kAbsent) {
      state.version = entry->version;
    }
    if (state.presence == PackagePresence::kBroken) {
      state.broken_as = entry->reinstall_required ? "reinst-required" : entry->status;
    }
  }
  if (state.presence != PackagePresence::kAbsent) {
    return state;
  }
  const auto [virtual_name, architecture] = SplitName(name);
  const auto found = providers_.find(virtual_name);
  if (found == providers_.end()) {
    return state;
  }
  for (const std::size_t provider : found->second) {
    const std::string_view of = entries_[provider].architecture;
    if (of == "all" || of == (architecture.empty() ? native_ : architecture)) {
      state.presence = PackagePresence::kInstalled;
      state.architecture = of;
      return state;
    }
  }
  return state;
}

std::string DpkgStatus::DisplayName(const DpkgEntry& entry) const {
  const bool native = entry.architecture == native_ || entry.architecture == "all";
  return native ? std::string(entry.name) : fmt::format("{}:{}", entry.name, entry.architecture);
}

std::vector<std::string> DpkgStatus::Broken() const {
  std::vector<std::string> names;
  for (const DpkgEntry& entry : entries_) {
    if (PresenceOf(entry) == PackagePresence::kBroken) {
      names.push_back(DisplayName(entry));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> DpkgStatus::Installed() const {
  std::vector<std::string> names;
  for (const DpkgEntry& entry : entries_) {
    if (PresenceOf(entry) == PackagePresence::kInstalled) {
      names.push_back(DisplayName(entry));
    }
  }
  return names;
}

}  // namespace fettle::sys
