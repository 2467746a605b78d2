// SPDX-License-Identifier: Apache-2.0
#include "server/config/report_config.h"

#include <array>

#include "lib/base/text.h"
#include "server/config/notify_config.h"
#include "server/config/setters.h"

namespace fettle::server {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

// Sets a field from one of the words that `name` says for `choices`.
template <typename Choice>
SetterOf<ScheduledReport> ChoiceSetter(Choice ScheduledReport::*field,
                                       std::vector<Choice> choices,
                                       std::string_view (*name)(Choice)) {
  return [=](const toml::node& node, ScheduledReport* report) -> std::string {
    const std::string word = node.value<std::string>().value_or("");
    std::vector<std::string_view> words;
    for (const Choice choice : choices) {
      if (name(choice) == word) {
        report->*field = choice;
        return "";
      }
      words.push_back(name(choice));
    }
    return fmt::format("wants one of {}", fmt::join(words, ", "));
  };
}

std::string SetEvery(const toml::node& node, ScheduledReport* report) {
  const std::string word = node.value<std::string>().value_or("");
  for (const ReportEvery every :
       {ReportEvery::kHour, ReportEvery::kDay, ReportEvery::kWeek, ReportEvery::kMonth}) {
    if (ReportEveryName(every) == word) {
      report->times.every = every;
      return "";
    }
  }
  return "wants one of hour, day, week, month";
}

std::string SetAt(const toml::node& node, ScheduledReport* report) {
  const std::string text = node.value<std::string>().value_or("");
  int64_t hour = -1;
  int64_t minute = -1;
  const bool good = text.size() == 5 && text[2] == ':' && ParseInt(text.substr(0, 2), &hour) &&
                    ParseInt(text.substr(3), &minute) && hour >= 0 && hour < 24 && minute >= 0 &&
                    minute < 60;
  if (!good) {
    return "wants a time of day in quotes, like \"07:00\"";
  }
  report->times.hour = static_cast<int>(hour);
  report->times.minute = static_cast<int>(minute);
  return "";
}

std::string SetWeekday(const toml::node& node, ScheduledReport* report) {
  const std::string word = node.value<std::string>().value_or("");
  const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), word);
  if (found == kWeekdays.end()) {
    return fmt::format("wants one of {}", fmt::join(kWeekdays, ", "));
  }
  report->times.weekday = static_cast<int>(found - kWeekdays.begin());
  return "";
}

std::string SetZone(const toml::node& node, ScheduledReport* report) {
  const std::string name = node.value<std::string>().value_or("");
  return !name.empty() && absl::LoadTimeZone(name, &report->times.zone)
             ? ""
             : "wants the name of a time zone, like \"Europe/Berlin\"";
}

// An address that can stand in a header and in SMTP as it is.
bool IsMailAddress(std::string_view text) {
  const bool words = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7F' && std::string_view("<>,;:\\\"()[]").find(c) == std::string::npos;
  });
  const std::size_t at = text.find('@');
  return words && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.size() <= 254;
}

std::string SetFrom(const toml::node& node, ScheduledReport* report) {
  report->from = node.value<std::string>().value_or("");
  return IsMailAddress(report->from) ? "" : "wants a mail address in quotes";
}

std::string SetTo(const toml::node& node, ScheduledReport* report) {
  constexpr std::size_t kMost = 50;
  const toml::array* const list = node.as_array();
  if (list == nullptr || list->empty() || list->size() > kMost) {
    return fmt::format("wants a list of 1 to {} mail addresses", kMost);
  }
  for (const toml::node& one : *list) {
    report->to.push_back(one.value<std::string>().value_or(""));
    if (!IsMailAddress(report->to.back())) {
      return fmt::format("has \"{}\", which is no mail address", report->to.back());
    }
  }
  return "";
}

// Of the webhook's part.
SetterOf<ScheduledReport> OfHook(const SetterOf<NotifyHook>& setter) {
  return [setter](const toml::node& node, ScheduledReport* report) {
    return setter(node, &report->hook);
  };
}

const SettersOf<ScheduledReport>& Setters() {
  static const SettersOf<ScheduledReport> setters = {
      {"name", NameSetter<ScheduledReport>()},
      {"kind",
       ChoiceSetter(
           &ScheduledReport::kind, {ReportKind::kCompliance, ReportKind::kDrift}, &ReportKindName)},
      {"format",
       ChoiceSetter(&ScheduledReport::format,
                    {ReportFormat::kHtml, ReportFormat::kCsv, ReportFormat::kJsonLines},
                    &ReportFormatName)},
      {"filter", TextSetter(&ScheduledReport::filter)},
      {"framework", TextSetter(&ScheduledReport::framework)},
      {"every", SetEvery},
      {"at", SetAt},
      {"weekday", SetWeekday},
      {"zone", SetZone},
      {"url", OfHook(TextSetter(&NotifyHook::url))},
      {"url_file", OfHook(FileSetter(&NotifyHook::url_file))},
      {"token_file", OfHook(FileSetter(&NotifyHook::token_file))},
      {"header_file", OfHook(FileSetter(&NotifyHook::header_file))},
      {"smtp", TextSetter(&ScheduledReport::smtp)},
      {"user", TextSetter(&ScheduledReport::user)},
      {"password_file", FileSetter(&ScheduledReport::password_file)},
      {"from", SetFrom},
      {"to", SetTo},
      {"ca_file", FileSetter(&ScheduledReport::ca_file)},
      {"timeout", SpanSetter(&ScheduledReport::timeout, absl::Seconds(1), absl::Minutes(10))},
      {"most_wait", SpanSetter(&ScheduledReport::most_wait, absl::Seconds(1), absl::Hours(24))},
  };
  return setters;
}

std::string MailProblem(const ScheduledReport& report) {
  if (!report.smtp.starts_with("smtp://") && !report.smtp.starts_with("smtps://")) {
    return "smtp wants to begin with smtps:// or smtp:// (which then uses STARTTLS)";
  }
  if (report.smtp.find('@') != std::string::npos) {
    return "smtp holds an '@': the name belongs into user, the password into password_file";
  }
  if (report.from.empty() || report.to.empty()) {
    return "wants from and to for the mail";
  }
  return report.user.empty() == report.password_file.empty()
             ? ""
             : "wants both user and password_file, or neither";
}

std::string Finish(const toml::table& table, ScheduledReport* report) {
  report->hook.name = report->name;
  report->hook.ca_file = report->ca_file;
  report->hook.timeout = report->timeout;
  report->hook.most_wait = report->most_wait;
  const bool posts = !report->hook.url.empty() || !report->hook.url_file.empty();
  if (posts == !report->smtp.empty()) {
    return "wants either url (or url_file) for a webhook, or smtp for mail";
  }
  if (report->kind == ReportKind::kDrift && !report->framework.empty()) {
    return "has framework, which is of kind \"compliance\" alone";
  }
  for (const char* const name : {"user", "password_file", "from", "to"}) {
    if (posts && table.contains(name)) {
      return fmt::format("has {}, which is of mail alone", name);
    }
  }
  return posts ? HookProblem(report->hook) : MailProblem(*report);
}

}  // namespace

std::string_view ReportKindName(ReportKind kind) {
  return kind == ReportKind::kDrift ? "drift" : "compliance";
}

std::string_view ReportFormatName(ReportFormat format) {
  switch (format) {
    case ReportFormat::kCsv:
      return "csv";
    case ReportFormat::kJsonLines:
      return "jsonl";
    case ReportFormat::kHtml:
      break;
  }
  return "html";
}

std::string_view ReportEveryName(ReportEvery every) {
  switch (every) {
    case ReportEvery::kHour:
      return "hour";
    case ReportEvery::kDay:
      return "day";
    case ReportEvery::kMonth:
      return "month";
    case ReportEvery::kWeek:
      break;
  }
  return "week";
}

bool IsMailOfThisMachine(std::string_view url) {
  constexpr std::string_view kPlain = "smtp://";
  return url.starts_with(kPlain) &&
         !CanBeReadOnItsWay("http://" + std::string(url.substr(kPlain.size())));
}

std::vector<std::string_view> ReportSettings() {
  return NamesOf(Setters());
}

std::vector<ScheduledReport> ReadReports(const toml::node& node,
                                         std::string_view origin,
                                         std::vector<std::string>* problems) {
  return ReadTables<ScheduledReport>({"report", Setters(), Finish}, node, origin, problems);
}

}  // namespace fettle::server
