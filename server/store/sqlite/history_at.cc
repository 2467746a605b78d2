// SPDX-License-Identifier: Apache-2.0
// What was at a moment.
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/store/sqlite/catalog_at.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/host_spans.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
namespace {

using States = std::map<std::string, StateRecord>;
using Hosts = std::map<std::string, HostThen>;

int32_t* CountOf(resource::State state, resource::RunCounts* counts) {
  int32_t* const all[] = {&counts->ok,
                          &counts->unknown,
                          &counts->skipped,
                          &counts->changed,
                          &counts->drifted,
                          &counts->failed,
                          &counts->reverted,
                          &counts->blocked};
  return all[static_cast<std::size_t>(state)];
}

// Where resources stood in the recipes at `at`.
absl::Status AddPositions(Database& database,
                          const std::string& host,
                          absl::Time at,
                          States* states) {
  ASSIGN_OR_RETURN(const Digest catalog, CatalogAt(database, host, at));
  return database.Query(
      "SELECT id, position, controls FROM entries WHERE catalog = ?",
      [&](const Row& row) {
        const auto state = states->find(row.Text(0));
        if (state != states->end() && state->second.report.position.empty()) {
          state->second.report.position = row.Text(1);
          for (const std::string_view control : SplitLines(row.Bytes(2))) {
            state->second.report.controls.emplace_back(control);
          }
        }
      },
      catalog);
}

// The counts of now, less what began since, plus what ended since.
absl::Status RollBackCounts(Database& database, absl::Time at, Hosts* hosts) {
  const auto add = [&](const Row& row, int32_t sign) {
    const auto host = hosts->find(row.Text(0));
    const int64_t state = row.Integer(1);
    if (host != hosts->end() && state >= 0 && state <= 7) {
      *CountOf(static_cast<resource::State>(state), &host->second.counts) +=
          sign * static_cast<int32_t>(row.Integer(2));
    }
  };
  RETURN_IF_ERROR(database.Query(
      "SELECT host, state, count(*) FROM states WHERE since > ? GROUP BY host, state",
      [&](const Row& row) { add(row, -1); },
      at));
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", at));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Query(
        Covering(table, "s.host, s.state, 1"), [&](const Row& row) { add(row, 1); }, at));
  }
  return absl::OkStatus();
}

absl::Status CountDrift(Database& database, absl::Time at, Hosts* hosts) {
  const auto add = [&](const Row& row) {
    if (const auto host = hosts->find(row.Text(0)); host != hosts->end()) {
      host->second.open_drift += static_cast<uint32_t>(row.Integer(1));
    }
  };
  RETURN_IF_ERROR(database.Query(
      "SELECT host, count(*) FROM open_drift WHERE seen <= ? GROUP BY host", add, at));
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "drift", at));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Query(Covering(table, "s.host, 1", "seen", "ended"), add, at));
  }
  return absl::OkStatus();
}

absl::StatusOr<Hosts> CountsNow(Database& database) {
  Hosts hosts;
  RETURN_IF_ERROR(database.Query(
      "SELECT name, ok, unknown, skipped, changed, drifted, failed, reverted, blocked FROM hosts",
      [&](const Row& row) {
        HostThen& host = hosts[row.Text(0)];
        for (int state = 0; state < 8; ++state) {
          *CountOf(static_cast<resource::State>(state), &host.counts) =
              static_cast<int32_t>(row.Integer(state + 1));
        }
      }));
  return hosts;
}

}  // namespace

absl::StatusOr<std::vector<StateRecord>> SqliteHistoryStore::StatesAt(const std::string& host,
                                                                      absl::Time at) {
  States states;
  const auto add = [&](const Row& row) {
    StateRecord state = ReadState(row, 0);
    std::string id = state.report.id;
    states.insert_or_assign(std::move(id), std::move(state));
  };
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Query(
        "SELECT id, state, since, record, run, revision FROM states WHERE host = ? AND since <= ?",
        add,
        host,
        at));
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", at));
    for (const std::string& table : tables) {
      RETURN_IF_ERROR(database.Query(
          fmt::format("SELECT id, state, since, record, run, revision FROM {} WHERE host = ?1 AND "
                      "until > ?2 AND since <= ?2",
                      table),
          add,
          host,
          at));
    }
    return AddPositions(database, host, at, &states);
  }));
  std::vector<StateRecord> list;
  for (auto& [id, state] : states) {
    list.push_back(std::move(state));
  }
  return list;
}

absl::StatusOr<std::map<std::string, HostThen>> SqliteHistoryStore::HostsAt(absl::Time at) {
  Hosts hosts;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(hosts, CountsNow(database));
    RETURN_IF_ERROR(RollBackCounts(database, at, &hosts));
    RETURN_IF_ERROR(CountDrift(database, at, &hosts));
    return database.Query(
        "SELECT host, revision FROM revision_spans WHERE until > ?1 AND since <= ?1",
        [&](const Row& row) {
          if (const auto host = hosts.find(row.Text(0)); host != hosts.end()) {
            host->second.revision = row.Text(1);
          }
        },
        at);
  }));
  return hosts;
}

absl::StatusOr<std::string> SqliteHistoryStore::FactsAt(const std::string& host, absl::Time at) {
  std::string facts;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(facts, ReadFacts(database, host, at));
    return absl::OkStatus();
  }));
  return facts;
}

}  // namespace fettle::server::sqlite
