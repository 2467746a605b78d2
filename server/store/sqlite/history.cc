// SPDX-License-Identifier: Apache-2.0
// What lay in a window. What was at a moment is in history_at.cc, drift in drift_read.cc.
#include "server/store/sqlite/history.h"

#include <algorithm>
#include <cstddef>

#include "fettle/v1/report.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
namespace {

// Whether what ended before `end` cannot be among the newest: as many began after it.
bool Enough(const std::vector<SpanRecord>& spans, absl::Time end, uint32_t most) {
  return std::count_if(spans.begin(), spans.end(), [&](const SpanRecord& span) {
           return span.state.since >= end;
         }) >= static_cast<std::ptrdiff_t>(most);
}

}  // namespace

absl::StatusOr<std::vector<SpanRecord>> SqliteHistoryStore::Spans(const std::string& host,
                                                                  const std::string& resource,
                                                                  const Window& window) {
  std::vector<SpanRecord> spans;
  const std::string wanted = resource.empty() ? "?2 = ?2" : "id = ?2";
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        "SELECT id, state, since, record, run, revision FROM states WHERE host = ?1 AND " + wanted +
            " AND since <= ?3",
        [&](const Row& row) {
          spans.push_back({ReadState(row, 0), absl::InfiniteFuture()});
        },
        host,
        resource,
        window.until));
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", window.since));
    for (const std::string& table : tables) {
      if (Enough(spans, EndOfMonth(table), window.most)) {
        break;
      }
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT id, state, since, record, run, revision, until FROM {0} WHERE rowid "
                      "IN (SELECT rowid FROM {0} WHERE host = ?1 AND {1} AND until >= ?3 AND since "
                      "<= ?4 ORDER BY since DESC LIMIT {2})",
                      table,
                      wanted,
                      window.most),
          [&](const Row& row) {
            spans.push_back({ReadState(row, 0), row.Time(6)});
          },
          host,
          resource,
          window.since,
          window.until));
    }
    return absl::OkStatus();
  }));
  NewestFirst(&spans, window.most, [](const SpanRecord& span) { return span.state.since; });
  return spans;
}

absl::StatusOr<std::vector<HostSpan>> SqliteHistoryStore::Changes(const Window& window) {
  std::vector<HostSpan> spans;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        fmt::format("SELECT host, id, state, since, record, run, revision FROM states WHERE since "
                    ">= ? AND since <= ? ORDER BY since DESC LIMIT {}",
                    window.most),
        [&](const Row& row) {
          spans.push_back({row.Text(0), {ReadState(row, 1), absl::InfiniteFuture()}});
        },
        window.since,
        window.until));
    // A span that began in the window ended in it or later.
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", window.since));
    for (const std::string& table : tables) {
      for (int length = 0; length < kLengthClasses; ++length) {
        RETURN_IF_ERROR(database.Query(
            fmt::format("SELECT host, id, state, since, record, run, revision, until FROM {} WHERE "
                        "length = ? AND since >= ? AND since <= ? ORDER BY since DESC LIMIT ?",
                        table),
            [&](const Row& row) {
              spans.push_back({row.Text(0), {ReadState(row, 1), row.Time(7)}});
            },
            int64_t{length},
            window.since,
            window.until,
            int64_t{window.most}));
        KeepFew(&spans, window.most, [](const HostSpan& one) { return one.span.state.since; });
      }
    }
    return absl::OkStatus();
  }));
  NewestFirst(&spans, window.most, [](const HostSpan& one) { return one.span.state.since; });
  return spans;
}

absl::StatusOr<std::vector<resource::RunReport>> SqliteHistoryStore::Runs(const std::string& host,
                                                                          const Window& window) {
  std::vector<resource::RunReport> runs;
  const auto add = [&](const Row& row) {
    v1::RunReport proto;
    if (proto.ParseFromString(row.Text(0))) {
      if (auto run = wire::FromProto(proto); run.ok()) {
        runs.push_back(*std::move(run));
      }
    }
  };
  // The key of the table finds the runs of one host, the index by time those of all.
  const std::string which = host.empty() ? "?1 = ?1" : "host = ?1";
  const std::string order = host.empty() ? "started" : "+started";
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto tables,
                     PartitionsSince(database, "runs", window.since, window.until));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT report FROM {} WHERE {} AND started >= ?2 AND started <= ?3 ORDER BY "
                      "{} DESC LIMIT {}",
                      table,
                      which,
                      order,
                      window.most),
          add,
          host,
          window.since,
          window.until));
      if (runs.size() >= window.most) {
        break;
      }
    }
    return absl::OkStatus();
  }));
  NewestFirst(&runs, window.most, [](const resource::RunReport& run) { return run.started; });
  return runs;
}

}  // namespace fettle::server::sqlite
