// SPDX-License-Identifier: Apache-2.0
#include "lib/compliance/control.h"

#include <array>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

namespace fettle::compliance {
namespace {

constexpr std::array<std::pair<Severity, std::string_view>, 5> kSeverities = {{
    {Severity::kUnknown, ""},
    {Severity::kLow, "low"},
    {Severity::kMedium, "medium"},
    {Severity::kHigh, "high"},
    {Severity::kCritical, "critical"},
}};
constexpr std::size_t kLongestText = 4096;

// One table of a file, read key by key; what was not read at the end is a mistake.
class Entry {
 public:
  Entry(const toml::table& table, std::string path, std::vector<std::string>* problems)
      : table_(table), path_(std::move(path)), problems_(*problems) {}

  std::string Position() const { return fmt::format("{}:{}", path_, table_.source().begin.line); }

  void Problem(const toml::node* node, std::string_view what) {
    const toml::source_position at = (node == nullptr ? table_.source() : node->source()).begin;
    problems_.push_back(fmt::format("{}:{}:{}: {}", path_, at.line, at.column, what));
    good_ = false;
  }

  const toml::node* Take(std::string_view key) {
    taken_.insert(std::string(key));
    return table_.get(key);
  }

  std::string Text(std::string_view key, bool required) {
    const toml::node* const node = Take(key);
    if (node == nullptr) {
      if (required) {
        Problem(nullptr, fmt::format("{} is missing", key));
      }
      return "";
    }
    const auto text = node->value<std::string>();
    if (!node->is_string() || text->size() > kLongestText || (required && text->empty())) {
      Problem(node, fmt::format("{} wants text of at most {} bytes", key, kLongestText));
      return "";
    }
    return *text;
  }

  // Whether everything was right, and every key known.
  bool Done() {
    for (const auto& [key, node] : table_) {
      if (!taken_.contains(std::string(key.str()))) {
        Problem(&node,
                fmt::format(
                    "\"{}\" is not known here; known are {}", key.str(), fmt::join(taken_, ", ")));
      }
    }
    return good_;
  }

 private:
  const toml::table& table_;
  const std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> taken_;
  bool good_ = true;
};

Severity TakeSeverity(Entry& entry) {
  const std::string text = entry.Text("severity", false);
  for (const auto& [severity, name] : kSeverities) {
    if (name == text) {
      return severity;
    }
  }
  entry.Problem(entry.Take("severity"), "severity is low, medium, high or critical");
  return Severity::kUnknown;
}

// Texts, or one text.
std::vector<std::string> TakeRequirements(Entry& entry, const toml::node& node) {
  std::vector<std::string> texts;
  if (const auto one = node.value<std::string>(); one.has_value()) {
    return {*one};
  }
  const toml::array* const list = node.as_array();
  if (list == nullptr) {
    entry.Problem(&node, "a framework wants a list of its requirements, like [\"2.2.4\"]");
    return {};
  }
  for (const toml::node& item : *list) {
    if (const auto text = item.value<std::string>(); text.has_value()) {
      texts.push_back(*text);
    } else {
      entry.Problem(&item, "a requirement is text, like \"2.2.4\"");
    }
  }
  return texts;
}

void TakeFrameworks(Entry& entry, Control* control) {
  const toml::node* const node = entry.Take("frameworks");
  if (node == nullptr) {
    return;
  }
  const toml::table* const table = node->as_table();
  if (table == nullptr) {
    entry.Problem(node, "frameworks wants a table, like { \"PCI-DSS\" = [\"2.2.4\"] }");
    return;
  }
  for (const auto& [name, requirements] : *table) {
    control->frameworks[std::string(name.str())] = TakeRequirements(entry, requirements);
  }
}

// A date ends with its day (UTC); a date and time is that instant.
std::optional<absl::Time> TimeOf(const toml::node& node) {
  if (const auto* date = node.as_date(); date != nullptr) {
    const toml::date day = date->get();
    return absl::FromCivil(absl::CivilDay(day.year, day.month, day.day) + 1, absl::UTCTimeZone());
  }
  if (const auto* point = node.as_date_time(); point != nullptr) {
    const toml::date_time when = point->get();
    const int minutes = when.offset.has_value() ? when.offset->minutes : 0;
    return absl::FromCivil(absl::CivilSecond(when.date.year,
                                             when.date.month,
                                             when.date.day,
                                             when.time.hour,
                                             when.time.minute,
                                             when.time.second),
                           absl::FixedTimeZone(minutes * 60));
  }
  return std::nullopt;
}

void ReadControl(const toml::table& table, const std::string& path, ParsedControls* parsed) {
  Entry entry(table, path, &parsed->problems);
  Control control;
  control.position = entry.Position();
  control.id = entry.Text("id", true);
  control.title = entry.Text("title", true);
  control.description = entry.Text("description", false);
  control.severity = TakeSeverity(entry);
  TakeFrameworks(entry, &control);
  const auto same = parsed->catalog.controls.find(control.id);
  if (same != parsed->catalog.controls.end()) {
    entry.Problem(
        nullptr,
        fmt::format(
            "control \"{}\" stands already at {}; keep one", control.id, same->second.position));
  }
  if (entry.Done()) {
    parsed->catalog.controls.emplace(control.id, std::move(control));
  }
}

void ReadWaiver(const toml::table& table, const std::string& path, ParsedControls* parsed) {
  Entry entry(table, path, &parsed->problems);
  Waiver waiver;
  waiver.position = entry.Position();
  waiver.control = entry.Text("control", true);
  waiver.hosts = entry.Text("hosts", false);
  waiver.reason = entry.Text("reason", true);
  waiver.approver = entry.Text("approver", true);
  waiver.compensating = entry.Text("compensating", false);
  const toml::node* const until = entry.Take("until");
  const std::optional<absl::Time> time = until == nullptr ? std::nullopt : TimeOf(*until);
  if (!time.has_value()) {
    entry.Problem(until, "until wants the last day on which it holds, like 2026-12-31 (no quotes)");
  }
  waiver.until = time.value_or(absl::InfinitePast());
  if (entry.Done()) {
    parsed->catalog.waivers.push_back(std::move(waiver));
  }
}

using Reader = void (*)(const toml::table&, const std::string&, ParsedControls*);

void ReadTables(const toml::table& file,
                const std::string& path,
                std::string_view key,
                Reader read,
                ParsedControls* parsed) {
  for (const auto& [name, node] : file) {
    const toml::array* const list = node.as_array();
    if (name.str() != key || list == nullptr || !list->is_homogeneous<toml::table>()) {
      parsed->problems.push_back(fmt::format("{}:{}:{}: only [[{}]] stands in such a file",
                                             path,
                                             node.source().begin.line,
                                             node.source().begin.column,
                                             key));
      continue;
    }
    for (const toml::node& table : *list) {
      read(*table.as_table(), path, parsed);
    }
  }
}

void ReadFile(const std::string& path, const std::string& content, ParsedControls* parsed) {
  try {  // toml++ throws.
    const toml::table file = toml::parse(content);
    const bool controls = path.starts_with("controls/");
    ReadTables(
        file, path, controls ? "control" : "waiver", controls ? &ReadControl : &ReadWaiver, parsed);
  } catch (const toml::parse_error& error) {
    parsed->problems.push_back(fmt::format("{}:{}:{}: {}",
                                           path,
                                           error.source().begin.line,
                                           error.source().begin.column,
                                           error.description()));
  }
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  return kSeverities[static_cast<std::size_t>(severity)].second;
}

bool IsControlFile(std::string_view path) {
  return (path.starts_with("controls/") || path.starts_with("waivers/")) && path.ends_with(".toml");
}

ParsedControls ParseControls(const policy::Tree& tree) {
  ParsedControls parsed;
  for (const auto& [path, file] : tree.files()) {
    if (IsControlFile(path)) {
      ReadFile(path, file.content, &parsed);
    }
  }
  return parsed;
}

}  // namespace fettle::compliance
