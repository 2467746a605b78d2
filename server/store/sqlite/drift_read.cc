// SPDX-License-Identifier: Apache-2.0
// Drift in a window.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
namespace {

// So many are read at a time.
constexpr std::size_t kChunk = 512;

// A drift that is found in an index and not read yet, unless it is open.
struct Found {
  absl::Time seen;
  bool wanted = false;
  const std::string* table = nullptr;  // Null: it is open.
  int64_t row = 0;                     // Of the table; of what is open the place in a list.
};

// Asked once for each host.
class Hosts {
 public:
  explicit Hosts(const std::function<bool(const std::string&)>& wanted) : wanted_(wanted) {}

  bool Wanted(std::string_view host) {
    const auto known = known_.find(host);
    if (known != known_.end()) {
      return known->second;
    }
    std::string name(host);
    const bool wanted = wanted_(name);
    known_.emplace(std::move(name), wanted);
    return wanted;
  }

 private:
  const std::function<bool(const std::string&)>& wanted_;
  std::map<std::string, bool, std::less<>> known_;
};

// Gives `each` columns rowid, seen, ended and host of the newest of each class of length in each
// table, so that the newest of all are among them; calls `between` after each class.
absl::Status FindIn(Database& database,
                    const std::vector<std::string>& tables,
                    const Window& window,
                    const std::function<void(const std::string& table, const Row&)>& each,
                    const std::function<void()>& between) {
  for (const std::string& table : tables) {
    for (int length = 0; length < kLengthClasses; ++length) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT rowid, seen, ended, host FROM {} WHERE length = ?3 AND seen >= ?1 - "
                      "?4 AND seen <= ?2 AND ended >= ?1 ORDER BY seen DESC LIMIT ?5",
                      table),
          [&](const Row& row) { each(table, row); },
          window.since,
          window.until,
          int64_t{length},
          LengthBound(length),
          int64_t{window.most}));
      between();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> TablesOf(Database& database, const Window& window) {
  if (window.since == absl::InfiniteFuture()) {
    return std::vector<std::string>();  // Only what is open.
  }
  return PartitionsSince(database, "drift", window.since);
}

}  // namespace

absl::StatusOr<absl::Time> SqliteHistoryStore::VisitDrift(
    const Window& window,
    const std::function<bool(const std::string&)>& host,
    const std::function<bool(const DriftEntry&)>& visit) {
  Hosts hosts(host);
  std::vector<Found> found;
  const auto seen = [](const Found& one) { return one.seen; };
  std::vector<DriftEntry> open;
  std::vector<std::string> tables;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        fmt::format("SELECT host, id, outcome, seen, stored, ?1, record, run, revision FROM "
                    "open_drift WHERE seen <= ?2 ORDER BY seen DESC LIMIT {}",
                    window.most),
        [&](const Row& row) {
          const bool wanted = hosts.Wanted(row.Bytes(0));
          found.push_back({row.Time(3), wanted, nullptr, static_cast<int64_t>(open.size())});
          if (wanted) {
            open.push_back(ReadDrift(row));
          }
        },
        absl::InfiniteFuture(),
        window.until));
    ASSIGN_OR_RETURN(tables, TablesOf(database, window));
    return FindIn(
        database,
        tables,
        window,
        [&](const std::string& table, const Row& row) {
          found.push_back({row.Time(1), hosts.Wanted(row.Bytes(3)), &table, row.Integer(0)});
        },
        [&] { KeepFew(&found, window.most, seen); });
  }));
  NewestFirst(&found, window.most, seen);
  const absl::Time whole_since =
      found.size() < window.most || found.empty() ? absl::InfinitePast() : found.back().seen;
  std::erase_if(found, [](const Found& one) { return !one.wanted; });
  // Whoever visits may ask the store something as well, so no reader is held meanwhile.
  for (std::size_t begin = 0; begin < found.size(); begin += kChunk) {
    const std::size_t end = std::min(begin + kChunk, found.size());
    std::vector<DriftEntry> entries;
    RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
      for (std::size_t i = begin; i < end; ++i) {
        const Found& one = found[i];
        if (one.table == nullptr) {
          entries.push_back(std::move(open[static_cast<std::size_t>(one.row)]));
          continue;
        }
        RETURN_IF_ERROR(database.Query(
            fmt::format("SELECT {} FROM {} WHERE rowid = ?", kDriftColumns, *one.table),
            [&](const Row& row) { entries.push_back(ReadDrift(row)); },
            one.row));
      }
      return absl::OkStatus();
    }));
    if (!std::all_of(entries.begin(), entries.end(), visit)) {
      break;
    }
  }
  return whole_since;
}

absl::StatusOr<std::vector<DriftTime>> SqliteHistoryStore::DriftTimes(const Window& window) {
  std::vector<DriftTime> times;
  const auto seen = [](const DriftTime& one) { return one.seen; };
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        fmt::format(
            "SELECT host, seen FROM open_drift WHERE seen <= ?1 ORDER BY seen DESC LIMIT {}",
            window.most),
        [&](const Row& row) {
          times.push_back({row.Text(0), row.Time(1), absl::InfiniteFuture()});
        },
        window.until));
    ASSIGN_OR_RETURN(const auto tables, TablesOf(database, window));
    return FindIn(
        database,
        tables,
        window,
        [&](const std::string& /*table*/, const Row& row) {
          times.push_back({row.Text(3), row.Time(1), row.Time(2)});
        },
        [&] { KeepFew(&times, window.most, seen); });
  }));
  NewestFirst(&times, window.most, seen);
  return times;
}

}  // namespace fettle::server::sqlite
