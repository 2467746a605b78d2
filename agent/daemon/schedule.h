// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "lib/sys/commands.h"

namespace fettle::agent {

// Says whether now lies in a window that is written as a systemd calendar expression: whether the
// expression names the present minute ("Sat 02..04:*" is each minute from 02:00 to 04:59 on a
// Saturday, in the host's time zone). systemd itself reads the expression. Answers are kept for the
// minute that they hold. One thread.
class Schedule {
 public:
  Schedule(const sys::Prober& prober, const Clock& clock) : prober_(prober), clock_(clock) {}

  // False, too, for an expression that systemd does not understand: what is not known to be allowed
  // now is left alone.
  bool Contains(const std::string& expression);

 private:
  bool Ask(const std::string& expression) const;

  const sys::Prober& prober_;
  const Clock& clock_;
  absl::Time minute_ = absl::InfinitePast();
  std::map<std::string, bool> answers_;
};

// The time that `systemd-analyze calendar` says the expression comes next, from its output; nullopt
// when it says none.
std::optional<absl::Time> ParseNextElapse(std::string_view output);

}  // namespace fettle::agent
