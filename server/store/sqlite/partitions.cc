// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/partitions.h"

#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::server::sqlite {
namespace {

constexpr char kTables[] = R"sql(
CREATE TABLE IF NOT EXISTS history_{0}(host TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL, revision TEXT NOT NULL,
  length INTEGER AS ({1}) VIRTUAL);
{5}CREATE TABLE IF NOT EXISTS drift_{0}(host TEXT NOT NULL, id TEXT NOT NULL, outcome INTEGER NOT NULL,
  seen INTEGER NOT NULL, stored INTEGER NOT NULL, ended INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL,
  revision TEXT NOT NULL, length INTEGER AS ({2}) VIRTUAL);
{3}{4}CREATE TABLE IF NOT EXISTS runs_{0}(host TEXT NOT NULL, id TEXT NOT NULL, started INTEGER NOT NULL, report BLOB NOT NULL,
  PRIMARY KEY(host, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_{0}_started ON runs_{0}(started);
CREATE TABLE IF NOT EXISTS reports_{0}(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, host TEXT NOT NULL,
  leaf TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS reports_{0}_time ON reports_{0}(time);
CREATE INDEX IF NOT EXISTS reports_{0}_host ON reports_{0}(host, number);
CREATE TABLE IF NOT EXISTS package_changes_{0}(name INTEGER NOT NULL, host INTEGER NOT NULL, time INTEGER NOT NULL,
  was INTEGER NOT NULL, was_since INTEGER NOT NULL, became INTEGER NOT NULL, run TEXT NOT NULL, cause INTEGER NOT NULL,
  PRIMARY KEY(name, host, time)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS package_changes_{0}_host ON package_changes_{0}(host, time);
CREATE INDEX IF NOT EXISTS package_changes_{0}_time ON package_changes_{0}(time);
CREATE TABLE IF NOT EXISTS package_causes_{0}(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
)sql";

// Which rows are wanted is found in an index alone; only those of them are read that it does not
// tell all of.
constexpr char kHistoryHost[] =
    "CREATE INDEX IF NOT EXISTS {0}_host ON {0}(host, until, since, id);\n";
constexpr char kHistoryLength[] =
    "CREATE INDEX IF NOT EXISTS {0}_length ON {0}(length, since, until, host, id, state);\n";
constexpr char kDriftLength[] =
    "CREATE INDEX IF NOT EXISTS {0}_length ON {0}(length, seen, ended, host);\n";

// SQL for the class of a row.
std::string ClassOf(std::string_view since, std::string_view until) {
  std::string text = "CASE";
  for (int one = 0; one + 1 < kLengthClasses; ++one) {
    text += fmt::format(" WHEN {} - {} < {} THEN {}", until, since, LengthBound(one), one);
  }
  return text + fmt::format(" ELSE {} END", kLengthClasses - 1);
}

std::string MonthOf(absl::Time time) {
  if (time == absl::InfinitePast()) {
    return "000000";
  }
  return time == absl::InfiniteFuture() ? "999999"
                                        : absl::FormatTime("%Y%m", time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::string> Partitions::Ensure(Database& database, absl::Time time) {
  std::string month = MonthOf(time);
  if (!known_.contains(month)) {
    RETURN_IF_ERROR(database.Execute(fmt::format(kTables,
                                                 month,
                                                 ClassOf("since", "until"),
                                                 ClassOf("seen", "ended"),
                                                 fmt::format(kHistoryLength, "history_" + month),
                                                 fmt::format(kDriftLength, "drift_" + month),
                                                 fmt::format(kHistoryHost, "history_" + month))));
    known_.insert(month);
  }
  return month;
}

int64_t LengthBound(int length_class) {
  constexpr int64_t kSecond = 1'000'000;
  return length_class + 1 < kLengthClasses ? kSecond << (2 * length_class) : int64_t{1} << 62;
}

std::string Covering(std::string_view table,
                     std::string_view columns,
                     std::string_view since,
                     std::string_view until) {
  std::string classes;
  for (int one = 0; one < kLengthClasses; ++one) {
    classes += fmt::format("{}({}, {})", one == 0 ? "" : ", ", one, LengthBound(one));
  }
  // CROSS JOIN: class by class, each by its range of the index.
  return fmt::format(
      "SELECT {0} FROM (VALUES {1}) AS c CROSS JOIN {2} AS s WHERE s.length = c.column1 AND s.{3} "
      "<= ?1 AND s.{3} >= ?1 - c.column2 AND s.{4} > ?1",
      columns,
      classes,
      table,
      since,
      until);
}

absl::Status AddLengthClasses(Database& database) {
  const auto add =
      [&](const char* kind, const std::string& length, const char* index) -> absl::Status {
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, kind, absl::InfinitePast()));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Execute(fmt::format(
          "ALTER TABLE {0} ADD COLUMN length INTEGER AS ({1}) VIRTUAL; DROP INDEX IF EXISTS "
          "{0}_until; DROP INDEX IF EXISTS {0}_ended; {2}",
          table,
          length,
          fmt::format(fmt::runtime(index), table))));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add("history", ClassOf("since", "until"), kHistoryLength));
  return add("drift", ClassOf("seen", "ended"), kDriftLength);
}

absl::Status RemakeHistoryIndexes(Database& database) {
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", absl::InfinitePast()));
  for (const std::string& table : tables) {
    spdlog::info("table {}: other indexes over its spans", table);
    RETURN_IF_ERROR(database.Execute(
        fmt::format("DROP INDEX IF EXISTS {0}_host; DROP INDEX IF EXISTS {0}_length; ", table) +
        fmt::format(kHistoryHost, table) + fmt::format(kHistoryLength, table)));
  }
  return absl::OkStatus();
}

absl::Time EndOfMonth(std::string_view table) {
  int month = 0;
  const std::string digits(table.substr(table.rfind('_') + 1));
  if (!absl::SimpleAtoi(digits, &month)) {
    return absl::InfiniteFuture();
  }
  return absl::FromCivil(absl::CivilMonth(month / 100, month % 100) + 1, absl::UTCTimeZone());
}

absl::StatusOr<std::vector<std::string>> PartitionsSince(Database& database,
                                                         std::string_view kind,
                                                         absl::Time since,
                                                         absl::Time until) {
  std::vector<std::string> tables;
  RETURN_IF_ERROR(database.Query(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ? AND name >= ? AND name "
      "<= ? ORDER BY name DESC",
      [&](const Row& row) { tables.push_back(row.Text(0)); },
      fmt::format("{}_[0-9]*", kind),
      fmt::format("{}_{}", kind, MonthOf(since)),
      fmt::format("{}_{}", kind, MonthOf(until))));
  return tables;
}

absl::StatusOr<std::vector<std::string>> DropPartitionsBefore(Database& database,
                                                              absl::Time before) {
  const std::string first_kept = MonthOf(before);
  std::vector<std::string> tables;
  std::set<std::string> months;
  for (const std::string kind :
       {"history_", "drift_", "runs_", "reports_", "package_changes_", "package_causes_"}) {
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
