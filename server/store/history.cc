// SPDX-License-Identifier: Apache-2.0
#include "server/store/history.h"

#include "lib/base/status_macros.h"

namespace fettle::server {

absl::StatusOr<std::vector<DriftEntry>> HistoryStore::Drift(const Window& window) {
  std::vector<DriftEntry> entries;
  RETURN_IF_ERROR(VisitDrift(
                      window,
                      [](const std::string&) { return true; },
                      [&](const DriftEntry& entry) {
                        entries.push_back(entry);
                        return true;
                      })
                      .status());
  return entries;
}

}  // namespace fettle::server
