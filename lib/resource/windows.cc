// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/windows.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::resource {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr int kDay = 24 * 60;
constexpr uint8_t kEveryDay = 0x7f;

absl::Status Wrong(std::string_view part, std::string_view why) {
  return InvalidArgument(
      R"("{}" is no stretch of time: {}; write for example "Sat,Sun 02:00-05:00", "Mon-Fri 22:00-04:00", or "03:00-04:30" for every day)",
      part,
      why);
}

std::optional<int> DayOf(std::string_view text) {
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (absl::EqualsIgnoreCase({kDays[i].data(), kDays[i].size()}, {text.data(), text.size()})) {
      return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

// "Mon-Fri", "Sat,Sun", "Fri-Mon".
std::optional<uint8_t> DaysOf(std::string_view text) {
  uint8_t days = 0;
  for (const std::string_view item : Split(text, ',')) {
    const std::vector<std::string_view> ends = Split(item, '-');
    const std::optional<int> first = DayOf(ends.front());
    const std::optional<int> last = DayOf(ends.back());
    if (ends.size() > 2 || !first.has_value() || !last.has_value()) {
      return std::nullopt;
    }
    for (int day = *first;; day = (day + 1) % 7) {
      days = static_cast<uint8_t>(days | (1U << static_cast<unsigned>(day)));
      if (day == *last) {
        break;
      }
    }
  }
  return days;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// "02:00" in minutes after midnight.
std::optional<int> MinuteOf(std::string_view text) {
  int hours = 0;
  int minutes = 0;
  const bool shape = text.size() == 5 && text[2] == ':' && IsDigit(text[0]) && IsDigit(text[3]);
  if (!shape || !absl::SimpleAtoi(std::string(text.substr(0, 2)), &hours) ||
      !absl::SimpleAtoi(std::string(text.substr(3)), &minutes) || minutes > 59) {
    return std::nullopt;
  }
  const int minute = hours * 60 + minutes;
  return minute > kDay ? std::nullopt : std::optional(minute);
}

int WeekdayOf(absl::CivilDay day) {
  return static_cast<int>(absl::GetWeekday(day));
}

bool Named(uint8_t days, absl::CivilDay day) {
  return ((days >> static_cast<unsigned>(WeekdayOf(day))) & 1U) != 0;
}

}  // namespace

absl::StatusOr<Windows> Windows::Parse(std::string_view text) {
  Windows parsed;
  for (const std::string_view item : Split(text, ';')) {
    const std::string_view part = Trim(item);
    const std::vector<std::string_view> words = SplitWords(part);
    if (words.empty() || words.size() > 2) {
      return Wrong(part, "it is to be days and hours, or hours alone");
    }
    Window window{kEveryDay, 0, 0};
    if (words.size() == 2) {
      const std::optional<uint8_t> days = DaysOf(words.front());
      if (!days.has_value()) {
        return Wrong(part, "the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun");
      }
      window.days = *days;
    }
    const std::vector<std::string_view> ends = Split(words.back(), '-');
    const std::optional<int> begin = MinuteOf(ends.front());
    const std::optional<int> end = MinuteOf(ends.back());
    if (ends.size() != 2 || !begin.has_value() || !end.has_value() || *begin == kDay) {
      return Wrong(part, "the hours are from 00:00 to 24:00");
    }
    if (*begin == *end) {
      return Wrong(part, "it ends when it begins");
    }
    window.begin = *begin;
    window.end = *end;
    parsed.windows_.push_back(window);
  }
  return parsed;
}

bool Windows::Contain(absl::Time time, const absl::TimeZone& zone) const {
  const absl::CivilMinute local = absl::ToCivilMinute(time, zone);
  const absl::CivilDay today(local);
  const int minute = local.hour() * 60 + local.minute();
  return std::any_of(windows_.begin(), windows_.end(), [&](const Window& window) {
    const bool over_midnight = window.end <= window.begin;
    if (Named(window.days, today) && minute >= window.begin &&
        (over_midnight || minute < window.end)) {
      return true;
    }
    return over_midnight && Named(window.days, today - 1) && minute < window.end;
  });
}

absl::Time Windows::NextBeginning(absl::Time time, const absl::TimeZone& zone) const {
  const absl::CivilDay today = absl::ToCivilDay(time, zone);
  absl::Time next = absl::InfiniteFuture();
  for (const Window& window : windows_) {
    // A week and a day: today's may have begun.
    for (int ahead = 0; ahead <= 7; ++ahead) {
      const absl::CivilDay day = today + ahead;
      const absl::Time begin = absl::FromCivil(absl::CivilMinute(day) + window.begin, zone);
      if (Named(window.days, day) && begin > time) {
        next = std::min(next, begin);
        break;
      }
    }
  }
  return next;
}

}  // namespace fettle::resource
