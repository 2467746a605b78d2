// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/store/history.h"
#include "server/store/sqlite/readers.h"

namespace fettle::server::sqlite {

// HistoryStore on SQLite. Safe from any thread.
class SqliteHistoryStore final : public HistoryStore {
 public:
  explicit SqliteHistoryStore(Readers& reader) : reader_(reader) {}

  absl::StatusOr<std::vector<StateRecord>> StatesAt(const std::string& host,
                                                    absl::Time at) override;
  absl::StatusOr<std::map<std::string, HostThen>> HostsAt(absl::Time at) override;
  absl::StatusOr<std::vector<ControlState>> ControlStatesAt(absl::Time at) override;
  absl::StatusOr<std::string> FactsAt(const std::string& host, absl::Time at) override;
  absl::StatusOr<std::vector<SpanRecord>> Spans(const std::string& host,
                                                const std::string& resource,
                                                const Window& window) override;
  absl::StatusOr<std::vector<HostSpan>> Changes(const Window& window) override;
  absl::StatusOr<absl::Time> VisitDrift(
      const Window& window,
      const std::function<bool(const std::string&)>& host,
      const std::function<bool(const DriftEntry&)>& visit) override;
  absl::StatusOr<std::vector<DriftTime>> DriftTimes(const Window& window) override;
  absl::StatusOr<std::vector<resource::RunReport>> Runs(const std::string& host,
                                                        const Window& window) override;
  absl::StatusOr<PackageList> Packages(const PackageWanted& wanted, absl::Time at) override;
  absl::StatusOr<std::vector<PackageChange>> PackageChanges(const PackageWanted& wanted,
                                                            const Window& window) override;

 private:
  Readers& reader_;
};

}  // namespace fettle::server::sqlite
