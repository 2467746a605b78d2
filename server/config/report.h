// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "server/config/notify.h"

namespace fettle::server {

enum class ReportKind : uint8_t { kCompliance, kDrift };
enum class ReportFormat : uint8_t { kHtml, kCsv, kJsonLines };
enum class ReportEvery : uint8_t { kHour, kDay, kWeek, kMonth };

// The words of the configuration: "compliance"; "html", "csv", "jsonl"; "hour", "day" …
std::string_view ReportKindName(ReportKind kind);
std::string_view ReportFormatName(ReportFormat format);
std::string_view ReportEveryName(ReportEvery every);

// Whether a mail server is on this machine, so that nobody can read what it is sent.
bool IsMailOfThisMachine(std::string_view url);

// When: each hour, day, week or month (on its first day), so many minutes after it began.
struct ReportTimes {
  ReportEvery every = ReportEvery::kWeek;
  int hour = 7;
  int minute = 0;
  int weekday = 0;  // From 0, Monday.
  absl::TimeZone zone = absl::UTCTimeZone();
};

// One `[[report]]` of the configuration.
struct ScheduledReport {
  std::string name;  // Lower-case letters, digits and '-'.
  ReportKind kind = ReportKind::kCompliance;
  ReportFormat format = ReportFormat::kHtml;
  std::string filter;     // Of hosts; "" all.
  std::string framework;  // Of compliance: only controls that stand for something in it; "" all.
  ReportTimes times;
  NotifyHook
      hook;  // By webhook: its name, addresses, files and times; url and url_file "" for none.
  std::string smtp;  // By mail: "smtps://mail.example.org:465"; "" for none.
  std::string user;  // Of the mail server; "" none.
  std::string password_file;
  std::string from;
  std::vector<std::string> to;
  std::string ca_file;                           // PEM; "": the authorities of this machine.
  absl::Duration timeout = absl::Seconds(30);    // Of one try.
  absl::Duration most_wait = absl::Minutes(30);  // Between tries, at most.
};

}  // namespace fettle::server
