// SPDX-License-Identifier: Apache-2.0
// The reading half of SqliteReportStore, and the audit log.
#include "server/store/sqlite/reports.h"

#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "fettle/v1/report.pb.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/evidence/leaf.h"
#include "lib/wire/report_wire.h"
#include "server/store/sqlite/evidence.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/host_spans.h"
#include "server/store/sqlite/log.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
absl::StatusOr<uint64_t> SqliteReportStore::Acknowledged(const std::string& host,
                                                         const std::string& epoch) {
  int64_t acknowledged = 0;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT acknowledged FROM epochs WHERE host = ? AND epoch = ?",
        [&](const Row& row) { acknowledged = row.Integer(0); },
        host,
        epoch);
  }));
  return static_cast<uint64_t>(acknowledged);
}

absl::StatusOr<std::string> SqliteReportStore::FactsOf(const std::string& host) {
  return SqliteHistoryStore(reader_).FactsAt(host, absl::InfiniteFuture());
}

absl::StatusOr<std::vector<StateRecord>> SqliteReportStore::StatesOf(const std::string& host) {
  std::vector<StateRecord> states;
  v1::Coverage coverage;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT record FROM coverage WHERE host = ?",
        [&](const Row& row) { (void)coverage.ParseFromString(row.Text(0)); },
        host);
  }));
  const std::map<std::string, resource::Coverage> watched = wire::FromProto(coverage);
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT s.id, s.state, s.since, s.record, s.run, s.revision, coalesce(e.position, ''), "
        "coalesce(e.controls, '') "
        "FROM states s JOIN hosts h ON h.name = s.host LEFT JOIN entries e ON e.catalog = "
        "h.catalog AND e.id = s.id "
        "WHERE s.host = ? ORDER BY s.id",
        [&](const Row& row) {
          StateRecord record = ReadState(row, 0);
          if (record.report.position.empty()) {
            record.report.position = row.Text(6);
            for (const std::string_view control : SplitLines(row.Bytes(7))) {
              record.report.controls.emplace_back(control);
            }
          }
          if (const auto found = watched.find(record.report.id); found != watched.end()) {
            record.coverage = found->second;
          }
          states.push_back(std::move(record));
        },
        host);
  }));
  return states;
}

absl::StatusOr<std::vector<SpanRecord>> SqliteReportStore::HistoryOf(const std::string& host,
                                                                     const std::string& resource,
                                                                     absl::Time since,
                                                                     uint32_t most) {
  return SqliteHistoryStore(reader_).Spans(host, resource, {since, absl::InfiniteFuture(), most});
}

absl::StatusOr<std::vector<DriftEntry>> SqliteReportStore::Drift(absl::Time since, uint32_t most) {
  return SqliteHistoryStore(reader_).Drift({since, absl::InfiniteFuture(), most});
}

absl::StatusOr<std::vector<resource::RunReport>> SqliteReportStore::Runs(const std::string& host,
                                                                         absl::Time since,
                                                                         uint32_t most) {
  return SqliteHistoryStore(reader_).Runs(host, {since, absl::InfiniteFuture(), most});
}

absl::StatusOr<std::vector<ControlState>> SqliteReportStore::ControlStates() {
  std::vector<ControlState> states;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT s.host, s.id, s.state, s.since, e.position, e.controls, s.record FROM hosts h "
        "JOIN entries e ON e.catalog = h.catalog AND e.controls <> '' "
        "JOIN states s ON s.host = h.name AND s.id = e.id ORDER BY s.host, s.id",
        [&](const Row& row) {
          ControlState state;
          state.host = row.Text(0);
          state.resource = row.Text(1);
          state.state = static_cast<resource::State>(row.Integer(2));
          state.since = row.Time(3);
          state.position = row.Text(4);
          for (const std::string_view control : SplitLines(row.Bytes(5))) {
            state.controls.emplace_back(control);
          }
          ReadDetails(row.Bytes(6), &state);
          states.push_back(std::move(state));
        });
  }));
  return states;
}

absl::Status SqliteReportStore::ForgetBefore(absl::Time before) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<std::string> months, DropPartitionsBefore(database, before));
    if (months.empty()) {
      return absl::OkStatus();
    }
    partitions_ = {};
    RETURN_IF_ERROR(ForgetSpansBefore(database, before));
    AuditEntry act;
    act.who = "server";
    act.act = "forget";
    act.detail = fmt::format("history of {}, older than keep_history", fmt::join(months, ", "));
    return WriteAct(database, act, clock_.Now());
  });
}

absl::Status SqliteReportStore::Audit(const AuditEntry& entry) {
  return writer_.Transaction(
      [&](Database& database) { return WriteAct(database, entry, entry.time); });
}

absl::StatusOr<std::vector<AuditEntry>> SqliteReportStore::AuditLog(absl::Time since,
                                                                    uint32_t most) {
  LogQuery query;
  query.since = since;
  query.most = most;
  ASSIGN_OR_RETURN(const auto leaves, SqliteEvidenceStore(writer_, reader_).List(query));
  std::vector<AuditEntry> entries;
  for (const LogLeaf& one : leaves) {
    ASSIGN_OR_RETURN(const evidence::Leaf leaf, evidence::DecodeLeaf(one.leaf));
    if (const auto* act = std::get_if<evidence::ActLeaf>(&leaf)) {
      entries.push_back({act->time, act->who, act->act, act->detail, act->host, act->data});
    }
  }
  return entries;
}

}  // namespace fettle::server::sqlite
