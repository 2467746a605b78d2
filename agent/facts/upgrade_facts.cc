// SPDX-License-Identifier: Apache-2.0
#include "agent/facts/upgrade_facts.h"

#include <algorithm>

namespace fettle::facts {

using resource::Value;

bool StaleServices::StillHolds(const sys::FileReader& files,
                               const std::optional<sys::FileStat>& database) const {
  return looked_ && database == database_ &&
         std::all_of(found_.processes.begin(), found_.processes.end(), [&](int64_t pid) {
           return sys::RunsReplacedFile(files, pid);
         });
}

const std::vector<std::string>& StaleServices::Units(const sys::FileReader& files) {
  const absl::StatusOr<sys::FileStat> stat = files.Stat("/var/lib/dpkg/status");
  const std::optional<sys::FileStat> database =
      stat.ok() ? std::optional<sys::FileStat>(*stat) : std::nullopt;
  if (!StillHolds(files, database)) {
    found_ = sys::FindStaleUnits(files);
    database_ = database;
    looked_ = true;
  }
  return found_.units;
}

Value::Map RebootFacts(const sys::FileReader& files) {
  const absl::StatusOr<sys::RebootNeed> need = sys::LookForReboot(files);
  Value::Map facts;
  facts.emplace("kernel", need.ok() && need->kernel_told ? "told" : "not told");
  if (need.ok()) {
    facts.emplace("needed", need->needed());
    facts.emplace("because", Value::List(need->because.begin(), need->because.end()));
  }
  return facts;
}

Value::Map RestartFacts(const sys::FileReader& files, StaleServices* stale) {
  const std::vector<std::string>& units = stale->Units(files);
  Value::Map facts;
  facts.emplace("units", Value::List(units.begin(), units.end()));
  return facts;
}

}  // namespace fettle::facts
