// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

// One job as crontab(5) text, both ways. Pure; included by this folder only.
namespace fettle::modules {

// The five fields, in the order of crontab(5).
constexpr std::array<std::string_view, 5> kCronFields = {
    "minute", "hour", "day", "month", "weekday"};

struct CronJob {
  std::string special;  // "@daily"; "" when the fields count.
  std::array<std::string, 5> fields = {"*", "*", "*", "*", "*"};
  std::string user;     // "" in a user's own crontab.
  std::string command;  // As cron reads it: "%" escaped where it stands for itself.
  bool disabled = false;
  std::map<std::string, std::string> environment;

  bool operator==(const CronJob&) const = default;
};

// Whether `text` is a valid `field` ("minute" …): lists, ranges, steps, and the names of months and
// week days. kInvalidArgument says what it may be.
absl::Status CheckCronField(std::string_view field, std::string_view text);

// `command` with each "%" escaped, which cron would take for a line break.
std::string EscapePercent(std::string_view command);

// The inverse.
std::string UnescapePercent(std::string_view command);

// "30 2 * * * root /usr/bin/backup", behind "#disabled " when it is; without a line break.
std::string FormatJobLine(const CronJob& job);

// The inverse, with a user field if `with_user`; nullopt for anything else.
std::optional<CronJob> ParseJobLine(std::string_view line, bool with_user);

// The whole file in /etc/cron.d.
std::string FormatJobFile(std::string_view name, const CronJob& job);

// The job of a text that FormatJobFile() wrote, perhaps with values changed since; nullopt when no
// job is recognised.
std::optional<CronJob> ParseJobFile(std::string_view text);

// Where the file stands: run-parts names are letters, digits, "_" and "-" only.
std::string JobFilePath(std::string_view name);

}  // namespace fettle::modules
