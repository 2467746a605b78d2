// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/times.h"

#include "absl/time/civil_time.h"

namespace fettle::server::schedule {
namespace {

// The moment of the period that `second` lies in.
absl::CivilSecond DueIn(const ReportTimes& times, absl::CivilSecond second) {
  const absl::CivilDay day(second);
  switch (times.every) {
    case ReportEvery::kHour:
      return absl::CivilSecond(absl::CivilHour(second)) + 60 * times.minute;
    case ReportEvery::kMonth: {
      const absl::CivilDay first{absl::CivilMonth(second)};
      return absl::CivilSecond(first) + 3600 * times.hour + 60 * times.minute;
    }
    case ReportEvery::kWeek: {
      const int since = (static_cast<int>(absl::GetWeekday(day)) - times.weekday + 7) % 7;
      return absl::CivilSecond(day - since) + 3600 * times.hour + 60 * times.minute;
    }
    case ReportEvery::kDay:
      break;
  }
  return absl::CivilSecond(day) + 3600 * times.hour + 60 * times.minute;
}

// A moment in the period before.
absl::CivilSecond Before(const ReportTimes& times, absl::CivilSecond second) {
  switch (times.every) {
    case ReportEvery::kHour:
      return absl::CivilSecond(absl::CivilHour(second) - 1);
    case ReportEvery::kMonth:
      return absl::CivilSecond(absl::CivilMonth(second) - 1);
    case ReportEvery::kWeek:
      return second - 7 * 86400;
    case ReportEvery::kDay:
      break;
  }
  return absl::CivilSecond(absl::CivilDay(second) - 1);
}

}  // namespace

absl::Time LastDue(const ReportTimes& times, absl::Time now) {
  const absl::CivilSecond civil = absl::ToCivilSecond(now, times.zone);
  const absl::Time due = absl::FromCivil(DueIn(times, civil), times.zone);
  return due <= now ? due : absl::FromCivil(DueIn(times, Before(times, civil)), times.zone);
}

}  // namespace fettle::server::schedule
