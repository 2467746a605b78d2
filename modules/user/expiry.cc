// SPDX-License-Identifier: Apache-2.0
#include "modules/user/expiry.h"

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "lib/base/text.h"

namespace fettle::modules {
namespace {

constexpr absl::CivilDay kEpoch(1970, 1, 1);

}  // namespace

bool ParseExpiry(std::string_view text, int64_t* day) {
  if (text == "never") {
    *day = -1;
    return true;
  }
  const std::vector<std::string_view> parts = Split(text, '-');
  int64_t year = 0;
  int64_t month = 0;
  int64_t date = 0;
  const bool shaped = parts.size() == 3 && parts[0].size() == 4 && parts[1].size() == 2 &&
                      parts[2].size() == 2 && ParseInt(parts[0], &year) &&
                      ParseInt(parts[1], &month) && ParseInt(parts[2], &date);
  if (!shaped || year < 1970 || month < 1 || date < 1) {
    return false;
  }
  const absl::CivilDay civil(year, static_cast<int>(month), static_cast<int>(date));
  *day = civil - kEpoch;
  // Civil days carry over ("2027-02-30" is the second of March), which nobody means.
  return civil.year() == year && civil.month() == month && civil.day() == date;
}

std::string FormatExpiry(int64_t day) {
  if (day < 0) {
    return "never";
  }
  const absl::CivilDay civil = kEpoch + day;
  return fmt::format("{:04}-{:02}-{:02}", civil.year(), civil.month(), civil.day());
}

}  // namespace fettle::modules
