// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/evidence.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/evidence/leaf.h"
#include "server/store/sqlite/log.h"
#include "server/store/sqlite/partitions.h"

namespace fettle::server::sqlite {
namespace {

constexpr uint64_t kChunk = 256;

// Columns number, leaf, data.
LogLeaf ReadLeaf(const Row& row) {
  return {static_cast<uint64_t>(row.Integer(0)), row.Text(1), row.Text(2)};
}

int64_t Signed(uint64_t number) {
  return static_cast<int64_t>(number);
}

// The tables of leaves of reports, oldest first.
absl::StatusOr<std::vector<std::string>> ReportTables(Database& database) {
  ASSIGN_OR_RETURN(auto tables, PartitionsSince(database, "reports", absl::InfinitePast()));
  std::reverse(tables.begin(), tables.end());
  return tables;
}

absl::Status ReadLeaves(Database& database,
                        uint64_t first,
                        uint64_t end,
                        std::vector<LogLeaf>* leaves) {
  const auto add = [&](const Row& row) { leaves->push_back(ReadLeaf(row)); };
  RETURN_IF_ERROR(
      database.Query("SELECT number, leaf, '' FROM acts WHERE number >= ? AND number < ?",
                     add,
                     Signed(first),
                     Signed(end)));
  ASSIGN_OR_RETURN(const auto tables, ReportTables(database));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Query(
        fmt::format("SELECT number, leaf, data FROM {} WHERE number >= ? AND number < ?", table),
        add,
        Signed(first),
        Signed(end)));
  }
  std::sort(leaves->begin(), leaves->end(), [](const LogLeaf& a, const LogLeaf& b) {
    return a.number < b.number;
  });
  return absl::OkStatus();
}

// The number of the first leaf that is kept from `number` on, and its time; `size` and
// InfiniteFuture when there is none.
struct Place {
  uint64_t number = 0;
  absl::Time time = absl::InfiniteFuture();
};

absl::StatusOr<Place> NextKept(Database& database,
                               const std::vector<std::string>& tables,
                               uint64_t number,
                               uint64_t size) {
  Place place{size, absl::InfiniteFuture()};
  const auto look = [&](const std::string& table) {
    return database.Query(
        fmt::format("SELECT number, time FROM {} WHERE number >= ? ORDER BY number LIMIT 1", table),
        [&](const Row& row) {
          const auto found = static_cast<uint64_t>(row.Integer(0));
          if (found < place.number) {
            place = {found, row.Time(1)};
          }
        },
        Signed(number));
  };
  RETURN_IF_ERROR(look("acts"));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(look(table));
  }
  return place;
}

// The first number from which on no leaf is older than `time`: times never fall.
absl::StatusOr<uint64_t> FirstSince(Database& database,
                                    const std::vector<std::string>& tables,
                                    absl::Time time,
                                    uint64_t size) {
  uint64_t low = 0;
  uint64_t high = size;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const Place place, NextKept(database, tables, middle, size));
    if (place.time >= time) {
      high = middle;
    } else {
      low = place.number + 1;
    }
  }
  return low;
}

// Of one table, whose rows say by `who` and `act` (SQL) what the query asks for.
absl::Status ListFrom(Database& database,
                      const std::string& table,
                      std::string_view who,
                      std::string_view act,
                      const LogQuery& query,
                      std::vector<LogLeaf>* leaves) {
  return database.Query(
      fmt::format("SELECT number, leaf, '' FROM {} WHERE time >= ? AND time < ? AND (? = '' OR {} "
                  "GLOB ?) AND (? = '' OR {} GLOB ?) AND number < ? ORDER BY number DESC LIMIT {}",
                  table,
                  who,
                  act,
                  query.most),
      [&](const Row& row) { leaves->push_back(ReadLeaf(row)); },
      query.since,
      query.until,
      query.who,
      query.who,
      query.act,
      query.act,
      query.before == 0 ? INT64_MAX : Signed(query.before));
}

absl::Status ListReports(Database& database, const LogQuery& query, std::vector<LogLeaf>* leaves) {
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "reports", query.since));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(ListFrom(database, table, "'host/' || host", "'reports'", query, leaves));
  }
  return absl::OkStatus();
}

// The first kChunk leaves of [first, end) that concern `host`, and perhaps some that do not. An act
// names its host in its JSON, which escapes what could look like that.
absl::Status ReadLeavesOf(Database& database,
                          const std::string& host,
                          uint64_t first,
                          uint64_t end,
                          std::vector<LogLeaf>* leaves) {
  const auto add = [&](const Row& row) { leaves->push_back(ReadLeaf(row)); };
  RETURN_IF_ERROR(
      database.Query(fmt::format("SELECT number, leaf, '' FROM acts WHERE number >= ? AND number < "
                                 "? AND (who = 'host/' || ? OR instr(leaf, '\"host\":\"' || ? || "
                                 "'\"') > 0) ORDER BY number LIMIT {}",
                                 kChunk),
                     add,
                     Signed(first),
                     Signed(end),
                     host,
                     host));
  ASSIGN_OR_RETURN(const auto tables, ReportTables(database));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Query(fmt::format("SELECT number, leaf, data FROM {} WHERE host = ? "
                                               "AND number >= ? AND number < ? ORDER BY number "
                                               "LIMIT {}",
                                               table,
                                               kChunk),
                                   add,
                                   host,
                                   Signed(first),
                                   Signed(end)));
  }
  std::sort(leaves->begin(), leaves->end(), [](const LogLeaf& a, const LogLeaf& b) {
    return a.number < b.number;
  });
  leaves->resize(std::min<std::size_t>(leaves->size(), kChunk));
  return absl::OkStatus();
}

absl::StatusOr<bool> Concerns(const LogLeaf& leaf, const std::string& host) {
  ASSIGN_OR_RETURN(const evidence::Leaf decoded, evidence::DecodeLeaf(leaf.leaf));
  const auto* act = std::get_if<evidence::ActLeaf>(&decoded);
  return evidence::HostOf(decoded) == host || (act != nullptr && act->who == "host/" + host);
}

}  // namespace

// No transaction, which would wait for who writes: the size is read first, and a log that has grown
// since still has the hashes of what it was.
absl::StatusOr<evidence::TreeHead> SqliteEvidenceStore::Head() {
  evidence::TreeHead head;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(head.size, SizeOfLog(database));
    ASSIGN_OR_RETURN(const auto hashes, HashesOfLog(database));
    ASSIGN_OR_RETURN(head.root, evidence::RootOf(hashes, head.size));
    return absl::OkStatus();
  }));
  return head;
}

absl::StatusOr<std::vector<Digest>> SqliteEvidenceStore::Inclusion(uint64_t number, uint64_t size) {
  std::vector<Digest> proof;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto hashes, HashesOfLog(database));
    ASSIGN_OR_RETURN(proof, evidence::InclusionProof(hashes, number, size));
    return absl::OkStatus();
  }));
  return proof;
}

absl::StatusOr<std::vector<Digest>> SqliteEvidenceStore::Consistency(uint64_t older,
                                                                     uint64_t newer) {
  std::vector<Digest> proof;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto hashes, HashesOfLog(database));
    ASSIGN_OR_RETURN(proof, evidence::ConsistencyProof(hashes, older, newer));
    return absl::OkStatus();
  }));
  return proof;
}

absl::StatusOr<std::vector<Digest>> SqliteEvidenceStore::HashesOf(
    const std::vector<evidence::Subtree>& subtrees) {
  std::vector<Digest> found;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto hashes, HashesOfLog(database));
    for (const evidence::Subtree& subtree : subtrees) {
      ASSIGN_OR_RETURN(found.emplace_back(), hashes.HashOf(subtree));
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<LogLeaf>> SqliteEvidenceStore::List(const LogQuery& query) {
  std::vector<LogLeaf> leaves;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(ListFrom(database, "acts", "who", "act", query, &leaves));
    return query.reports ? ListReports(database, query, &leaves) : absl::OkStatus();
  }));
  std::sort(leaves.begin(), leaves.end(), [](const LogLeaf& a, const LogLeaf& b) {
    return a.number > b.number;
  });
  if (leaves.size() > query.most) {
    leaves.resize(query.most);
  }
  return leaves;
}

absl::Status SqliteEvidenceStore::Leaves(uint64_t first,
                                         uint64_t end,
                                         const std::function<absl::Status(const LogLeaf&)>& each) {
  for (uint64_t from = first; from < end; from += kChunk) {
    std::vector<LogLeaf> leaves;
    RETURN_IF_ERROR(reader_.With([&](Database& database) {
      return ReadLeaves(database, from, std::min(end, from + kChunk), &leaves);
    }));
    for (const LogLeaf& leaf : leaves) {
      RETURN_IF_ERROR(each(leaf));
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteEvidenceStore::LeavesOf(
    const std::string& host,
    uint64_t first,
    uint64_t end,
    const std::function<absl::Status(const LogLeaf&)>& each) {
  for (uint64_t from = first; from < end;) {
    std::vector<LogLeaf> leaves;
    RETURN_IF_ERROR(reader_.With(
        [&](Database& database) { return ReadLeavesOf(database, host, from, end, &leaves); }));
    for (const LogLeaf& leaf : leaves) {
      ASSIGN_OR_RETURN(const bool concerns, Concerns(leaf, host));
      RETURN_IF_ERROR(concerns ? each(leaf) : absl::OkStatus());
    }
    from = leaves.size() < kChunk ? end : leaves.back().number + 1;
  }
  return absl::OkStatus();
}

absl::StatusOr<ReportsAround> SqliteEvidenceStore::ReportsAroundOf(const std::string& host,
                                                                   uint64_t first,
                                                                   uint64_t end) {
  ReportsAround around;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto tables, ReportTables(database));
    for (const std::string& table : tables) {  // Oldest first: numbers grow with the months.
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT number, leaf, data FROM {} WHERE host = ? AND number < ? ORDER BY "
                      "number DESC LIMIT 1",
                      table),
          [&](const Row& row) { around.before = ReadLeaf(row); },
          host,
          Signed(first)));
      if (!around.after.has_value()) {
        RETURN_IF_ERROR(database.Query(
            fmt::format("SELECT number, leaf, data FROM {} WHERE host = ? AND number >= ? ORDER BY "
                        "number LIMIT 1",
                        table),
            [&](const Row& row) { around.after = ReadLeaf(row); },
            host,
            Signed(end)));
      }
    }
    return absl::OkStatus();
  }));
  return around;
}

absl::StatusOr<uint64_t> SqliteEvidenceStore::Kept(uint64_t first, uint64_t end) {
  uint64_t kept = 0;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(auto tables, ReportTables(database));
    tables.emplace_back("acts");
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT COUNT(*) FROM {} WHERE number >= ? AND number < ?", table),
          [&](const Row& row) { kept += static_cast<uint64_t>(row.Integer(0)); },
          Signed(first),
          Signed(end)));
    }
    return absl::OkStatus();
  }));
  return kept;
}

absl::StatusOr<LogLeaf> SqliteEvidenceStore::Leaf(uint64_t number) {
  std::vector<LogLeaf> leaves;
  RETURN_IF_ERROR(reader_.With(
      [&](Database& database) { return ReadLeaves(database, number, number + 1, &leaves); }));
  if (leaves.empty()) {
    return NotFound("leaf {} of the evidence log is not there, or went with its month of history",
                    number);
  }
  return leaves.front();
}

absl::StatusOr<std::pair<uint64_t, uint64_t>> SqliteEvidenceStore::NumbersOf(absl::Time since,
                                                                             absl::Time until) {
  std::pair<uint64_t, uint64_t> numbers;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const uint64_t size, SizeOfLog(database));
    ASSIGN_OR_RETURN(const auto tables, ReportTables(database));
    numbers = {0, size};
    if (since != absl::InfinitePast()) {
      ASSIGN_OR_RETURN(numbers.first, FirstSince(database, tables, since, size));
    }
    if (until != absl::InfiniteFuture()) {
      ASSIGN_OR_RETURN(numbers.second, FirstSince(database, tables, until, size));
    }
    numbers.first = std::min(numbers.first, numbers.second);
    return absl::OkStatus();
  }));
  return numbers;
}

absl::StatusOr<std::vector<LogLeaf>> SqliteEvidenceStore::ReportKeys(const std::string& host) {
  std::vector<LogLeaf> leaves;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT number, leaf, '' FROM acts WHERE act = ? AND (? = '' OR who = 'host/' || ?) ORDER "
        "BY number",
        [&](const Row& row) { leaves.push_back(ReadLeaf(row)); },
        evidence::kReportKeyAct,
        host,
        host);
  }));
  return leaves;
}

absl::Status SqliteEvidenceStore::AddHead(const HeadRecord& head) {
  return writer_.With([&](Database& database) {
    return database.Run(
        "INSERT OR REPLACE INTO heads VALUES(?, ?, ?)", Signed(head.size), head.time, head.note);
  });
}

absl::StatusOr<HeadRecord> SqliteEvidenceStore::NewestHead() {
  std::vector<HeadRecord> heads;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT size, time, note FROM heads ORDER BY size DESC LIMIT 1", [&](const Row& row) {
          heads.push_back({static_cast<uint64_t>(row.Integer(0)), row.Time(1), row.Text(2)});
        });
  }));
  if (heads.empty()) {
    return NotFound("no head of the evidence log was signed yet");
  }
  return heads.front();
}

}  // namespace fettle::server::sqlite
