// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/host_spans.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/partitions.h"

namespace fettle::server::sqlite {
namespace {

struct OpenFact {
  absl::Time since;
  std::string value;
};

using OpenFacts = std::map<std::string, OpenFact>;

// The facts by their first names. What is no JSON object stands whole under "".
std::map<std::string, std::string> PartsOf(const std::string& json) {
  std::map<std::string, std::string> parts;
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) {
    if (!json.empty()) {
      parts[""] = json;
    }
    return parts;
  }
  for (const auto& member : parsed.items()) {
    parts[member.key()] =
        member.value().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return parts;
}

absl::StatusOr<OpenFacts> LoadOpen(Database& database, const std::string& host) {
  OpenFacts facts;
  RETURN_IF_ERROR(database.Query(
      "SELECT s.key, s.since, v.json FROM fact_spans s JOIN fact_values v ON v.id = s.value WHERE "
      "s.host = ? AND s.until = ?",
      [&](const Row& row) {
        facts[row.Text(0)] = {row.Time(1), row.Text(2)};
      },
      host,
      absl::InfiniteFuture()));
  return facts;
}

absl::Status Close(Database& database,
                   const std::string& host,
                   const std::string& key,
                   absl::Time until) {
  RETURN_IF_ERROR(
      database.Run("UPDATE fact_spans SET until = max(since, ?) WHERE host = ? AND key = ? AND "
                   "until = ?",
                   until,
                   host,
                   key,
                   absl::InfiniteFuture()));
  return absl::OkStatus();
}

absl::Status Begin(Database& database,
                   const std::string& host,
                   const std::string& key,
                   absl::Time since,
                   const std::string& value) {
  const Digest digest = Sha256(value);
  RETURN_IF_ERROR(
      database.Run("INSERT OR IGNORE INTO fact_values(digest, json) VALUES(?, ?)", digest, value));
  return database.Run(
      "INSERT OR REPLACE INTO fact_spans(host, key, since, until, value) SELECT ?, ?, ?, ?, id "
      "FROM "
      "fact_values WHERE digest = ?",
      host,
      key,
      since,
      absl::InfiniteFuture(),
      digest);
}

}  // namespace

absl::Status StoreFacts(Database& database,
                        const std::string& host,
                        const std::string& json,
                        absl::Time at) {
  ASSIGN_OR_RETURN(const OpenFacts before, LoadOpen(database, host));
  const std::map<std::string, std::string> parts = PartsOf(json);
  for (const auto& [key, fact] : before) {
    const auto found = parts.find(key);
    if (found == parts.end() || (found->second != fact.value && fact.since < at)) {
      RETURN_IF_ERROR(Close(database, host, key, at));
    }
  }
  for (const auto& [key, value] : parts) {
    const auto found = before.find(key);
    if (found == before.end() || found->second.value != value) {
      const absl::Time since = found == before.end() ? at : std::max(at, found->second.since);
      RETURN_IF_ERROR(Begin(database, host, key, since, value));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFacts(Database& database, const std::string& host, absl::Time at) {
  constexpr int64_t kOpen = std::numeric_limits<int64_t>::max();
  std::string text;
  bool whole = false;
  RETURN_IF_ERROR(database.Query(
      "SELECT s.key, v.json FROM fact_spans s JOIN fact_values v ON v.id = s.value WHERE s.host = "
      "? "
      "AND s.since <= ? AND s.until > ? ORDER BY s.key",
      [&](const Row& row) {
        whole = row.Bytes(0).empty();
        text += (text.empty() || whole ? "" : ",");
        text += whole ? "" : nlohmann::json(row.Text(0)).dump() + ":";
        text += row.Bytes(1);
      },
      host,
      at,
      std::min(Micros(at), kOpen - 1)));
  return text.empty() || whole ? text : "{" + text + "}";
}

absl::Status StoreRevision(Database& database,
                           const std::string& host,
                           const std::string& revision,
                           absl::Time at) {
  bool same = false;
  bool late = false;
  RETURN_IF_ERROR(database.Query(
      "SELECT since, revision FROM revision_spans WHERE host = ? AND until = ?",
      [&](const Row& row) {
        late = row.Time(0) >= at;
        same = row.Text(1) == revision;
      },
      host,
      absl::InfiniteFuture()));
  if (same) {
    return absl::OkStatus();
  }
  if (late) {
    return database.Run("UPDATE revision_spans SET revision = ? WHERE host = ? AND until = ?",
                        revision,
                        host,
                        absl::InfiniteFuture());
  }
  RETURN_IF_ERROR(database.Run("UPDATE revision_spans SET until = ? WHERE host = ? AND until = ?",
                               at,
                               host,
                               absl::InfiniteFuture()));
  return database.Run(
      "INSERT OR REPLACE INTO revision_spans(host, since, until, revision) "
      "VALUES(?, ?, ?, ?)",
      host,
      at,
      absl::InfiniteFuture(),
      revision);
}

absl::Status ForgetSpansBefore(Database& database, absl::Time before) {
  RETURN_IF_ERROR(database.Run("DELETE FROM fact_spans WHERE until < ?", before));
  RETURN_IF_ERROR(database.Run("DELETE FROM revision_spans WHERE until < ?", before));
  return database.Run("DELETE FROM fact_values WHERE id NOT IN (SELECT value FROM fact_spans)");
}

absl::Status MoveToSpans(Database& database) {
  struct Facts {
    std::string host;
    absl::Time since;
    std::string json;
  };

  std::vector<Facts> all;
  RETURN_IF_ERROR(database.Query(
      "SELECT name, max(last_seen, last_run, enrolled), facts FROM hosts WHERE facts != ''",
      [&](const Row& row) {
        all.push_back({row.Text(0), row.Time(1), row.Text(2)});
      }));
  for (const Facts& facts : all) {
    RETURN_IF_ERROR(StoreFacts(database, facts.host, facts.json, facts.since));
  }
  RETURN_IF_ERROR(database.Run("UPDATE hosts SET facts = ''"));
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "history", absl::InfinitePast()));
  for (const std::string& table : tables) {
    RETURN_IF_ERROR(database.Execute(fmt::format(
        "CREATE INDEX IF NOT EXISTS {0}_until ON {0}(until, since, host, state)", table)));
  }
  return absl::OkStatus();
}

}  // namespace fettle::server::sqlite
