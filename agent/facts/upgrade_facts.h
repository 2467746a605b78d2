// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/resource/value.h"
#include "lib/sys/files.h"
#include "lib/sys/upgrade_needs.h"

namespace fettle::facts {

// The units that run replaced files, without looking at every process each time: all are looked at
// first, again when the package database has changed since, and again when one of those that were
// found has gone or runs no replaced file any more. A file replaced by others than the package
// manager is noticed at the next of these. One thread.
class StaleServices {
 public:
  const std::vector<std::string>& Units(const sys::FileReader& files);

 private:
  bool StillHolds(const sys::FileReader& files, const std::optional<sys::FileStat>& database) const;

  bool looked_ = false;
  std::optional<sys::FileStat> database_;  // When all processes were last looked at.
  sys::StaleUnits found_;
};

// {needed, because, kernel}.
resource::Value::Map RebootFacts(const sys::FileReader& files);

// {units}.
resource::Value::Map RestartFacts(const sys::FileReader& files, StaleServices* stale);

}  // namespace fettle::facts
