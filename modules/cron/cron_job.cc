// SPDX-License-Identifier: Apache-2.0
#include "modules/cron/cron_job.h"

#include <algorithm>
#include <cstdint>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

constexpr std::string_view kDisabled = "#disabled ";

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRule {
  std::string_view name;
  int64_t least = 0;
  int64_t most = 0;
};

constexpr std::array<FieldRule, 5> kRules = {
    {{"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 7}}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

template <std::size_t N>
int64_t IndexOf(const std::array<std::string_view, N>& names, std::string_view word) {
  const auto at = std::find(names.begin(), names.end(), word);
  return at == names.end() ? -1 : at - names.begin();
}

// A number or name of the field; -1 if it is neither or out of range.
int64_t FieldValue(const FieldRule& rule, std::string_view word) {
  int64_t value = 0;
  if (!ParseInt(word, &value)) {
    value = -1;
    if (rule.name == "month") {
      const int64_t month = IndexOf(kMonths, Lower(word));
      value = month < 0 ? -1 : month + 1;
    } else if (rule.name == "weekday") {
      value = IndexOf(kDays, Lower(word));
    }
  }
  return value < rule.least || value > rule.most ? -1 : value;
}

// "*", "5", "1-5", each perhaps with "/2"; a step needs something to step through.
bool ValidItem(const FieldRule& rule, std::string_view item) {
  std::string_view range = item;
  const std::size_t slash = item.find('/');
  if (slash != std::string_view::npos) {
    int64_t step = 0;
    range = item.substr(0, slash);
    if (!ParseInt(item.substr(slash + 1), &step) || step < 1 || step > rule.most) {
      return false;
    }
  }
  if (range == "*") {
    return true;
  }
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) {
    return slash == std::string_view::npos && FieldValue(rule, range) >= 0;
  }
  const int64_t from = FieldValue(rule, range.substr(0, dash));
  const int64_t to = FieldValue(rule, range.substr(dash + 1));
  return from >= 0 && to >= from;
}

// Takes the first word off `text`, with the blanks around it.
std::string_view TakeWord(std::string_view* text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = std::min(text->find_first_not_of(kBlanks), text->size());
  text->remove_prefix(begin);
  const std::size_t end = std::min(text->find_first_of(kBlanks), text->size());
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(end);
  text->remove_prefix(std::min(text->find_first_not_of(kBlanks), text->size()));
  return word;
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

char QuoteFor(std::string_view value) {
  return value.find('"') == std::string_view::npos ? '"' : '\'';
}

// NAME="value" as FormatJobFile() writes it, or as somebody wrote it without quotes.
bool TakeVariable(std::string_view line, CronJob* job) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || !IsVariableName(Trim(line.substr(0, equals)))) {
    return false;
  }
  std::string_view value = Trim(line.substr(equals + 1));
  const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                      (value.front() == '"' || value.front() == '\'');
  if (quoted) {
    value = value.substr(1, value.size() - 2);
  }
  job->environment[std::string(Trim(line.substr(0, equals)))] = value;
  return true;
}

}  // namespace

absl::Status CheckCronField(std::string_view field, std::string_view text) {
  const auto rule = std::find_if(
      kRules.begin(), kRules.end(), [field](const FieldRule& one) { return one.name == field; });
  if (rule == kRules.end()) {
    return Internal("crontab has no field {}", field);
  }
  const std::vector<std::string_view> items = Split(text, ',');
  if (!std::all_of(items.begin(), items.end(), [&rule](std::string_view item) {
        return ValidItem(*rule, item);
      })) {
    return InvalidArgument(
        "{}: expected numbers from {} to {}, as in \"*\", \"5\", \"1-5\", \"*/10\" or \"1,15\", "
        "found \"{}\"",
        field,
        rule->least,
        rule->most,
        text);
  }
  return absl::OkStatus();
}

std::string EscapePercent(std::string_view command) {
  std::string escaped;
  for (const char c : command) {
    if (c == '%') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

std::string UnescapePercent(std::string_view command) {
  std::string plain;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const bool escape = command[i] == '\\' && i + 1 < command.size() && command[i + 1] == '%';
    if (!escape) {
      plain += command[i];
    }
  }
  return plain;
}

std::string FormatJobLine(const CronJob& job) {
  std::string line(job.disabled ? kDisabled : "");
  if (job.special.empty()) {
    for (const std::string& field : job.fields) {
      line += field;
      line += ' ';
    }
  } else {
    line += job.special;
    line += ' ';
  }
  if (!job.user.empty()) {
    line += job.user;
    line += ' ';
  }
  return line + job.command;
}

std::optional<CronJob> ParseJobLine(std::string_view line, bool with_user) {
  CronJob job;
  std::string_view rest = line;
  if (rest.starts_with(kDisabled)) {
    job.disabled = true;
    rest.remove_prefix(kDisabled.size());
  }
  if (Trim(rest).empty() || Trim(rest).front() == '#') {
    return std::nullopt;
  }
  if (Trim(rest).front() == '@') {
    job.special = TakeWord(&rest);
  } else {
    for (std::size_t i = 0; i < kCronFields.size(); ++i) {
      job.fields[i] = TakeWord(&rest);
      if (!CheckCronField(kCronFields[i], job.fields[i]).ok()) {
        return std::nullopt;
      }
    }
  }
  if (with_user) {
    job.user = TakeWord(&rest);
  }
  job.command = rest;
  if (job.command.empty()) {
    return std::nullopt;
  }
  return job;
}

std::string FormatJobFile(std::string_view name, const CronJob& job) {
  std::string text =
      fmt::format("# fettle: {}\n# Kept by Fettle; what is changed here is put back.\n", name);
  for (const auto& [variable, value] : job.environment) {
    const char quote = QuoteFor(value);
    text += fmt::format("{}={}{}{}\n", variable, quote, value, quote);
  }
  return text + FormatJobLine(job) + "\n";
}

std::optional<CronJob> ParseJobFile(std::string_view text) {
  CronJob variables;
  std::optional<CronJob> job;
  for (const std::string_view line : SplitLines(text)) {
    const bool comment = Trim(line).starts_with("#") && !line.starts_with(kDisabled);
    if (comment || Trim(line).empty() || TakeVariable(line, &variables)) {
      continue;
    }
    std::optional<CronJob> parsed = ParseJobLine(line, /*with_user=*/true);
    if (!parsed.has_value() || job.has_value()) {  // Not ours any more.
      return std::nullopt;
    }
    job = std::move(parsed);
  }
  if (job.has_value()) {
    job->environment = std::move(variables.environment);
  }
  return job;
}

std::string JobFilePath(std::string_view name) {
  std::string file(name);
  for (char& c : file) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    c = plain ? c : '_';
  }
  return fmt::format("/etc/cron.d/fettle-{}", file);
}

}  // namespace fettle::modules
