// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/partitions.h"

#include "lib/base/status_macros.h"

namespace fettle::server::sqlite {
namespace {

constexpr char kTables[] = R"sql(
CREATE TABLE IF NOT EXISTS history_{0}(host TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL, revision TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_{0}_host ON history_{0}(host, id, until);
CREATE INDEX IF NOT EXISTS history_{0}_until ON history_{0}(until, since, host, state);
CREATE TABLE IF NOT EXISTS drift_{0}(host TEXT NOT NULL, id TEXT NOT NULL, outcome INTEGER NOT NULL,
  seen INTEGER NOT NULL, stored INTEGER NOT NULL, ended INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL,
  revision TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS drift_{0}_ended ON drift_{0}(ended);
CREATE TABLE IF NOT EXISTS runs_{0}(host TEXT NOT NULL, id TEXT NOT NULL, started INTEGER NOT NULL, report BLOB NOT NULL,
  PRIMARY KEY(host, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_{0}_started ON runs_{0}(started);
CREATE TABLE IF NOT EXISTS reports_{0}(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, host TEXT NOT NULL,
  leaf TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS reports_{0}_time ON reports_{0}(time);
CREATE INDEX IF NOT EXISTS reports_{0}_host ON reports_{0}(host, number);
)sql";

std::string MonthOf(absl::Time time) {
  return time == absl::InfinitePast() ? "000000"
                                      : absl::FormatTime("%Y%m", time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::string> Partitions::Ensure(Database& database, absl::Time time) {
  std::string month = MonthOf(time);
  if (!known_.contains(month)) {
    RETURN_IF_ERROR(database.Execute(fmt::format(kTables, month)));
    known_.insert(month);
  }
  return month;
}

absl::StatusOr<std::vector<std::string>> PartitionsSince(Database& database,
                                                         std::string_view kind,
                                                         absl::Time since) {
  std::vector<std::string> tables;
  const std::string first = fmt::format("{}_{}", kind, MonthOf(since));
  RETURN_IF_ERROR(database.Query(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ? AND name >= ? ORDER BY "
      "name DESC",
      [&](const Row& row) { tables.push_back(row.Text(0)); },
      fmt::format("{}_[0-9]*", kind),
      first));
  return tables;
}

absl::StatusOr<std::vector<std::string>> DropPartitionsBefore(Database& database,
                                                              absl::Time before) {
  const std::string first_kept = MonthOf(before);
  std::vector<std::string> tables;
  std::set<std::string> months;
  for (const std::string kind : {"history_", "drift_", "runs_", "reports_"}) {
    RETURN_IF_ERROR(database.Query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ? AND name < ?",
        [&](const Row& row) {
          tables.push_back(row.Text(0));
          months.insert(tables.back().substr(kind.size()));
        },
        kind + "[0-9]*",
        kind + first_kept));
  }
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Execute(fmt::format("DROP TABLE {}", table)));
  }
  return std::vector<std::string>(months.begin(), months.end());
}

}  // namespace fettle::server::sqlite
