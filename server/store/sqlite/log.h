// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/evidence/leaf.h"
#include "lib/evidence/tiles.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/types.h"

namespace fettle::server::sqlite {

// Appends to the evidence log, inside the caller's transaction: what it tells of and the leaf are
// there both or not at all. Begin() comes first, End() before the commit; in between any number of
// leaves, which all have one time, never before that of an older leaf. One connection, one thread.
//
// Tables: log has one row, with size, edge and time of the newest leaf; log_tiles the full tiles;
// acts the leaves of acts; reports_<month> those of reports, with the batches, so that they go with
// the history of their month. The hash of a leaf that has gone stays in its tile.
class LogWriter {
 public:
  LogWriter(Database& database, absl::Time now) : database_(database), now_(now) {}

  absl::Status Begin();

  // Of the leaves: the given one, or that of the newest leaf if that is later.
  absl::Time now() const { return now_; }

  // Its time is passed over. Texts too long are cut.
  absl::Status Add(const AuditEntry& act);

  // Likewise. `data` is what its digest is of.
  absl::Status Add(evidence::ReportsLeaf leaf, const std::string& data, Partitions& partitions);

  // Writes nothing if nothing was added.
  absl::Status End();

 private:
  absl::Status Append(std::string_view leaf);

  // Of the next leaf.
  int64_t number() const { return static_cast<int64_t>(edge_.size()); }

  Database& database_;
  absl::Time now_;
  evidence::LogEdge edge_;
  uint64_t before_ = 0;  // The size that Begin() found.
};

// Begin(), Add(), End(); nothing for an act that does not say who.
absl::Status WriteAct(Database& database, const AuditEntry& act, absl::Time now);

// Of a database of schema version 5: makes leaves of the rows of the table `audit`, and drops it.
absl::Status MoveToLog(Database& database);

// The hashes of the log as of now, read through `database`, which must outlive it.
absl::StatusOr<evidence::TileSource> HashesOfLog(Database& database);

// How many leaves there are.
absl::StatusOr<uint64_t> SizeOfLog(Database& database);

}  // namespace fettle::server::sqlite
