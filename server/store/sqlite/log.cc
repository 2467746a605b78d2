// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"

namespace fettle::server::sqlite {
namespace {

struct LogRow {
  uint64_t size = 0;
  std::string edge;
  absl::Time newest = absl::InfinitePast();
};

absl::StatusOr<LogRow> ReadLog(Database& database) {
  LogRow log;
  bool there = false;
  RETURN_IF_ERROR(
      database.Query("SELECT size, edge, newest FROM log WHERE id = 1", [&](const Row& row) {
        there = true;
        log = {static_cast<uint64_t>(row.Integer(0)), row.Text(1), row.Time(2)};
      }));
  if (!there) {
    return absl::DataLossError("the evidence log has no row: somebody changed the database");
  }
  return log;
}

}  // namespace

absl::Status LogWriter::Begin() {
  ASSIGN_OR_RETURN(const LogRow log, ReadLog(database_));
  ASSIGN_OR_RETURN(edge_, evidence::LogEdge::Decode(log.size, log.edge));
  now_ = std::max(now_, log.newest);
  before_ = log.size;
  return absl::OkStatus();
}

absl::Status LogWriter::Append(std::string_view leaf) {
  std::vector<evidence::Tile> full;
  edge_.Append(evidence::LeafHash(leaf), &full);
  for (const evidence::Tile& tile : full) {
    RETURN_IF_ERROR(database_.Run("INSERT INTO log_tiles VALUES(?, ?, ?)",
                                  int64_t{tile.level},
                                  static_cast<int64_t>(tile.index),
                                  tile.hashes));
  }
  return absl::OkStatus();
}

absl::Status LogWriter::Add(const AuditEntry& act) {
  const evidence::ActLeaf leaf{now_, act.who, act.act, act.detail, act.host, act.data};
  const std::string bytes = evidence::EncodeLeaf(leaf);
  RETURN_IF_ERROR(database_.Run(
      "INSERT INTO acts VALUES(?, ?, ?, ?, ?)", number(), now_, act.who, act.act, bytes));
  return Append(bytes);
}

absl::Status LogWriter::Add(evidence::ReportsLeaf leaf,
                            const std::string& data,
                            Partitions& partitions) {
  leaf.time = now_;
  const std::string bytes = evidence::EncodeLeaf(leaf);
  ASSIGN_OR_RETURN(const std::string month, partitions.Ensure(database_, now_));
  RETURN_IF_ERROR(database_.Run(fmt::format("INSERT INTO reports_{} VALUES(?, ?, ?, ?, ?)", month),
                                number(),
                                now_,
                                leaf.host,
                                bytes,
                                data));
  return Append(bytes);
}

absl::Status LogWriter::End() {
  if (edge_.size() == before_) {
    return absl::OkStatus();
  }
  return database_.Run("UPDATE log SET size = ?, edge = ?, newest = ? WHERE id = 1",
                       static_cast<int64_t>(edge_.size()),
                       edge_.Encode(),
                       now_);
}

absl::Status WriteAct(Database& database, const AuditEntry& act, absl::Time now) {
  if (act.who.empty()) {
    return absl::OkStatus();
  }
  LogWriter log(database, now);
  RETURN_IF_ERROR(log.Begin());
  RETURN_IF_ERROR(log.Add(act));
  return log.End();
}

absl::Status MoveToLog(Database& database) {
  std::vector<AuditEntry> entries;
  RETURN_IF_ERROR(database.Query(
      "SELECT time, who, act, detail FROM audit ORDER BY number", [&](const Row& row) {
        entries.push_back({row.Time(0), row.Text(1), row.Text(2), row.Text(3)});
      }));
  for (const AuditEntry& entry : entries) {
    RETURN_IF_ERROR(WriteAct(database, entry, entry.time));
  }
  if (!entries.empty()) {
    AuditEntry begun;
    begun.who = "server";
    begun.act = kLogBegun;
    begun.detail = fmt::format(
        "the {} entries before were an audit log without proofs; nothing shows that they are all",
        entries.size());
    RETURN_IF_ERROR(WriteAct(database, begun, entries.back().time));
  }
  return database.Execute("DROP TABLE audit");
}

absl::StatusOr<evidence::TileSource> HashesOfLog(Database& database) {
  ASSIGN_OR_RETURN(const LogRow log, ReadLog(database));
  ASSIGN_OR_RETURN(evidence::LogEdge edge, evidence::LogEdge::Decode(log.size, log.edge));
  return evidence::TileSource(
      std::move(edge), [&database](int level, uint64_t index) -> absl::StatusOr<std::string> {
        std::string hashes;
        RETURN_IF_ERROR(database.Query(
            "SELECT hashes FROM log_tiles WHERE level = ? AND number = ?",
            [&](const Row& row) { hashes = row.Text(0); },
            int64_t{level},
            static_cast<int64_t>(index)));
        return hashes;
      });
}

absl::StatusOr<uint64_t> SizeOfLog(Database& database) {
  ASSIGN_OR_RETURN(const LogRow log, ReadLog(database));
  return log.size;
}

}  // namespace fettle::server::sqlite
