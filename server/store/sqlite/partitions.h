// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/store/sqlite/database.h"

// History stands in one table a month and kind, so that forgetting a month is dropping its tables:
//   history_202611  spans that ended in the month       drift_202611  drift that ended in the month
//   runs_202611     runs that started in the month  reports_202611  leaves of the evidence log for
//   reports
//                                                   that came in the month, with their batches
//   package_changes_202611, package_causes_202611  packages that came and went in the month, and
//                                                   what package managers' logs say of it
namespace fettle::server::sqlite {

//
// To find what covered a moment without reading all that came after it, each row has a class of its
// length: class n is shorter than kLengths[n], the last one has no bound. What covers a moment and
// is of class n began less than kLengths[n] before it.

// The columns that reading history needs, the same in every month.
inline constexpr char kHistoryColumns[] = "host, id, state, since, until, record, run, revision";
inline constexpr char kDriftColumns[] =
    "host, id, outcome, seen, stored, ended, record, run, revision";
inline constexpr char kRunColumns[] = "host, id, started, report";

inline constexpr int kLengthClasses = 16;

// Upper bounds in microseconds, each four times the one before, from a second on.
int64_t LengthBound(int length_class);

// SQL for the rows of `table` that cover the moment ?1: "SELECT <columns> FROM …". `since` and
// `until` name the columns of its bounds.
std::string Covering(std::string_view table,
                     std::string_view columns,
                     std::string_view since = "since",
                     std::string_view until = "until");

// Gives the tables of older versions their classes.
absl::Status AddLengthClasses(Database& database);

// Gives the tables of older versions the indexes by which spans are found now.
absl::Status RemakeHistoryIndexes(Database& database);

// Makes the tables of the month that `time` (UTC) lies in, unless they are there. Remembers what it
// made; one a connection.
class Partitions {
 public:
  // The suffix, "202611".
  absl::StatusOr<std::string> Ensure(Database& database, absl::Time time);

 private:
  std::set<std::string> known_;
};

// The tables "<kind>_<month>" whose month is not before `since`'s and not after `until`'s, newest
// first.
absl::StatusOr<std::vector<std::string>> PartitionsSince(Database& database,
                                                         std::string_view kind,
                                                         absl::Time since,
                                                         absl::Time until = absl::InfiniteFuture());

// When the month of "<kind>_<month>" ended: what stands there was over before it. InfiniteFuture
// for another name.
absl::Time EndOfMonth(std::string_view table);

// Drops the tables of all months that ended before the one of `before`; answers those months, the
// oldest first.
absl::StatusOr<std::vector<std::string>> DropPartitionsBefore(Database& database,
                                                              absl::Time before);

}  // namespace fettle::server::sqlite
