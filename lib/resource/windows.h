// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::resource {

// Stretches of the week in which something may be changed, as they are written in a recipe:
// "Sat,Sun 02:00-05:00", "Mon-Fri 22:00-04:00" (over midnight: the days are those on which it
// begins), "03:00-04:30" (every day). Several are separated by ";". Minutes of the local clock, the
// end not included; "24:00" is the end of a day. Pure and immutable.
class Windows {
 public:
  // An error says what is wrong with which part, and shows how it is written.
  static absl::StatusOr<Windows> Parse(std::string_view text);

  bool Contain(absl::Time time, const absl::TimeZone& zone) const;

  // When the next one begins, after `time`.
  absl::Time NextBeginning(absl::Time time, const absl::TimeZone& zone) const;

 private:
  struct Window {
    uint8_t days = 0;  // Bit 0 is Monday.
    int begin = 0;     // Minutes after midnight.
    int end = 0;       // Not after `begin`: of the next day.
  };

  std::vector<Window> windows_;
};

}  // namespace fettle::resource
