// SPDX-License-Identifier: Apache-2.0
// The reading half of SqliteReportStore, and the audit log.
#include "server/store/sqlite/reports.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "fettle/v1/report.pb.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/wire/report_wire.h"

namespace fettle::server::sqlite {
namespace {

// The report of a row: what was recorded, or a bare one for a resource at rest.
resource::ResourceReport ReadReport(std::string_view record,
                                    std::string id,
                                    resource::State state) {
  v1::ResourceReport proto;
  if (!record.empty() && proto.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    if (auto report = wire::FromProto(proto); report.ok()) {
      return *std::move(report);
    }
  }
  resource::ResourceReport report;
  report.id = std::move(id);
  report.state = state;
  return report;
}

// Columns id, state, since, record, run, revision from `first` on.
StateRecord ReadState(const Row& row, int first) {
  const auto state = static_cast<resource::State>(row.Integer(first + 1));
  return {ReadReport(row.Bytes(first + 3), row.Text(first), state),
          row.Time(first + 2),
          row.Text(first + 4),
          row.Text(first + 5),
          {}};
}

DriftEntry ReadDrift(const Row& row) {
  DriftEntry entry;
  entry.host = row.Text(0);
  entry.outcome = static_cast<DriftOutcome>(row.Integer(2));
  entry.seen = row.Time(3);
  entry.stored = row.Time(4);
  entry.ended = row.Time(5);
  entry.report = ReadReport(row.Bytes(6), row.Text(1), resource::State::kDrifted);
  entry.run = row.Text(7);
  entry.revision = row.Text(8);
  return entry;
}

template <typename T, typename Time>
void NewestFirst(std::vector<T>* list, uint32_t most, Time time) {
  std::stable_sort(
      list->begin(), list->end(), [&](const T& a, const T& b) { return time(a) > time(b); });
  if (list->size() > most) {
    list->erase(list->begin() + most, list->end());
  }
}

}  // namespace

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
  std::string facts;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT facts FROM hosts WHERE name = ?",
        [&](const Row& row) { facts = row.Text(0); },
        host);
  }));
  return facts;
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
  std::vector<SpanRecord> spans;
  const std::string wanted = resource.empty() ? "" : " AND id = ?2";
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        "SELECT id, state, since, record, run, revision FROM states WHERE host = ?1" + wanted +
            " AND ?2 = ?2",
        [&](const Row& row) {
          spans.push_back({ReadState(row, 0), absl::InfiniteFuture()});
        },
        host,
        resource));
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", since));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT id, state, since, record, run, revision, until FROM {} WHERE host = "
                      "?1{} AND ?2 = ?2 AND "
                      "until >= ?3 ORDER BY until DESC LIMIT {}",
                      table,
                      wanted,
                      most),
          [&](const Row& row) {
            spans.push_back({ReadState(row, 0), row.Time(6)});
          },
          host,
          resource,
          since));
      if (spans.size() >= most) {
        break;
      }
    }
    return absl::OkStatus();
  }));
  NewestFirst(&spans, most, [](const SpanRecord& span) { return span.state.since; });
  return spans;
}

absl::StatusOr<std::vector<DriftEntry>> SqliteReportStore::Drift(absl::Time since, uint32_t most) {
  std::vector<DriftEntry> entries;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        fmt::format(
            "SELECT host, id, outcome, seen, stored, ?, record, run, revision FROM open_drift "
            "ORDER BY seen DESC LIMIT {}",
            most),
        [&](const Row& row) { entries.push_back(ReadDrift(row)); },
        absl::InfiniteFuture()));
    if (since == absl::InfiniteFuture()) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "drift", since));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT {} FROM {} WHERE ended >= ? ORDER BY ended DESC LIMIT {}",
                      kDriftColumns,
                      table,
                      most),
          [&](const Row& row) { entries.push_back(ReadDrift(row)); },
          since));
    }
    return absl::OkStatus();
  }));
  NewestFirst(&entries, most, [](const DriftEntry& entry) { return entry.seen; });
  return entries;
}

absl::StatusOr<std::vector<resource::RunReport>> SqliteReportStore::Runs(const std::string& host,
                                                                         absl::Time since,
                                                                         uint32_t most) {
  std::vector<resource::RunReport> runs;
  const auto add = [&](const Row& row) {
    v1::RunReport proto;
    if (proto.ParseFromString(row.Text(0))) {
      if (auto run = wire::FromProto(proto); run.ok()) {
        runs.push_back(*std::move(run));
      }
    }
  };
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "runs", since));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT report FROM {} WHERE (?1 = '' OR host = ?1) AND started >= ?2 "
                      "ORDER BY started DESC LIMIT {}",
                      table,
                      most),
          add,
          host,
          since));
      if (runs.size() >= most) {
        break;
      }
    }
    return absl::OkStatus();
  }));
  NewestFirst(&runs, most, [](const resource::RunReport& run) { return run.started; });
  return runs;
}

absl::StatusOr<std::vector<ControlState>> SqliteReportStore::ControlStates() {
  std::vector<ControlState> states;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT s.host, s.id, s.state, s.since, e.position, e.controls FROM hosts h "
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
    return database.Run(
        "INSERT INTO audit(time, who, act, detail) VALUES(?, ?, ?, ?)",
        clock_.Now(),
        "server",
        "forget",
        fmt::format("history of {}, older than keep_history", fmt::join(months, ", ")));
  });
}

absl::Status SqliteReportStore::Audit(const AuditEntry& entry) {
  return writer_.With([&](Database& database) {
    return database.Run("INSERT INTO audit(time, who, act, detail) VALUES(?, ?, ?, ?)",
                        entry.time,
                        entry.who,
                        entry.act,
                        entry.detail);
  });
}

absl::StatusOr<std::vector<AuditEntry>> SqliteReportStore::AuditLog(absl::Time since,
                                                                    uint32_t most) {
  std::vector<AuditEntry> entries;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        fmt::format("SELECT time, who, act, detail FROM audit WHERE time >= ? ORDER BY number DESC "
                    "LIMIT {}",
                    most),
        [&](const Row& row) {
          entries.push_back({row.Time(0), row.Text(1), row.Text(2), row.Text(3)});
        },
        since);
  }));
  return entries;
}

}  // namespace fettle::server::sqlite
