// SPDX-License-Identifier: Apache-2.0
// What was there to fulfil controls at a moment.
#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/store/sqlite/catalog_at.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/rows.h"

namespace fettle::server::sqlite {
namespace {

// What a catalog says of a resource that names controls.
struct Entry {
  std::string position;
  std::vector<std::string> controls;
};

using Entries = absl::flat_hash_map<std::string, Entry>;

absl::StatusOr<Entries> ReadEntries(Database& database, const Digest& catalog) {
  Entries entries;
  RETURN_IF_ERROR(database.Query(
      "SELECT id, position, controls FROM entries WHERE catalog = ? AND controls <> ''",
      [&](const Row& row) {
        Entry& entry = entries[row.Text(0)];
        entry.position = row.Text(1);
        for (const std::string_view control : SplitLines(row.Bytes(2))) {
          entry.controls.emplace_back(control);
        }
      },
      catalog));
  return entries;
}

// The catalogs of a moment, each read once.
class CatalogsThen {
 public:
  absl::Status Read(Database& database, absl::Time at) {
    std::vector<std::string> hosts;
    RETURN_IF_ERROR(database.Query(
        "SELECT name FROM hosts WHERE enrolled <= ?",
        [&](const Row& row) { hosts.push_back(row.Text(0)); },
        at));
    for (const std::string& host : hosts) {
      ASSIGN_OR_RETURN(const Digest catalog, CatalogAt(database, host, at));
      const auto [entries, fresh] = entries_.try_emplace(catalog);
      if (fresh) {
        ASSIGN_OR_RETURN(entries->second, ReadEntries(database, catalog));
      }
      of_host_[host] = &entries->second;
    }
    return absl::OkStatus();
  }

  // Null for what names no control. Rows come host by host.
  const Entry* Find(std::string_view host, std::string_view resource) {
    if (last_ == of_host_.end() || last_->first != host) {
      last_ = of_host_.find(host);
    }
    if (last_ == of_host_.end()) {
      return nullptr;
    }
    const auto entry = last_->second->find(absl::string_view(resource.data(), resource.size()));
    return entry == last_->second->end() ? nullptr : &entry->second;
  }

 private:
  std::map<Digest, Entries> entries_;
  std::map<std::string, const Entries*, std::less<>> of_host_;
  std::map<std::string, const Entries*, std::less<>>::const_iterator last_ = of_host_.end();
};

}  // namespace

absl::StatusOr<std::vector<ControlState>> SqliteHistoryStore::ControlStatesAt(absl::Time at) {
  std::map<std::pair<std::string, std::string>, ControlState> found;
  CatalogsThen catalogs;
  // Columns host, id, state and since; null for what names no control.
  const auto add = [&](const Row& row) -> ControlState* {
    const Entry* const entry = catalogs.Find(row.Bytes(0), row.Bytes(1));
    if (entry == nullptr) {
      return nullptr;
    }
    // Most rows come in order.
    ControlState& state =
        found.try_emplace(found.end(), {row.Text(0), row.Text(1)}, ControlState())->second;
    state = {row.Text(0),
             row.Text(1),
             static_cast<resource::State>(row.Integer(2)),
             row.Time(3),
             entry->position,
             entry->controls};
    return &state;
  };
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(catalogs.Read(database, at));
    RETURN_IF_ERROR(database.Query(
        "SELECT host, id, state, since, record FROM states WHERE since <= ?",
        [&](const Row& row) {
          if (ControlState* const state = add(row); state != nullptr) {
            ReadDetails(row.Bytes(4), state);
          }
        },
        at));
    ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", at));
    for (const std::string& table : tables) {
      // An index tells all of what was ok.
      std::vector<std::pair<int64_t, ControlState*>> off;
      RETURN_IF_ERROR(database.Query(
          Covering(table, "s.host, s.id, s.state, s.since, s.rowid"),
          [&](const Row& row) {
            ControlState* const state = add(row);
            if (state != nullptr && state->state != resource::State::kOk) {
              off.emplace_back(row.Integer(4), state);
            }
          },
          at));
      std::sort(off.begin(), off.end());
      for (const auto& [rowid, state] : off) {
        RETURN_IF_ERROR(database.Query(
            fmt::format("SELECT record FROM {} WHERE rowid = ?", table),
            [&, &details = *state](const Row& row) { ReadDetails(row.Bytes(0), &details); },
            rowid));
      }
    }
    return absl::OkStatus();
  }));
  std::vector<ControlState> states;
  for (auto& [key, state] : found) {
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace fettle::server::sqlite
