// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/migrations.h"

#include <cstddef>
#include <iterator>
#include <string>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/host_spans.h"
#include "server/store/sqlite/log.h"
#include "server/store/sqlite/partitions.h"

namespace fettle::server::sqlite {
namespace {

// Version n is made by kSteps[n - 1]. A step that was released is never edited.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE blobs(digest BLOB PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE revisions(number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, hex TEXT NOT NULL,
  statement TEXT NOT NULL, signature TEXT NOT NULL, signed_by TEXT NOT NULL, published INTEGER NOT NULL,
  published_by TEXT NOT NULL);
CREATE INDEX revisions_hex ON revisions(hex);
CREATE TABLE channels(name TEXT PRIMARY KEY, revision_id BLOB NOT NULL, changed INTEGER NOT NULL,
  changed_by TEXT NOT NULL);
CREATE TABLE hosts(name TEXT PRIMARY KEY, channel TEXT NOT NULL, machine_id TEXT NOT NULL, agent_version TEXT NOT NULL,
  address TEXT NOT NULL, os TEXT NOT NULL, enrolled INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  revision_id BLOB NOT NULL, refusal TEXT NOT NULL, catalog BLOB NOT NULL, states BLOB NOT NULL,
  ok INTEGER NOT NULL, unknown INTEGER NOT NULL, skipped INTEGER NOT NULL, changed INTEGER NOT NULL,
  drifted INTEGER NOT NULL, failed INTEGER NOT NULL, open_drift INTEGER NOT NULL, last_run INTEGER NOT NULL,
  last_run_error TEXT NOT NULL, revoked INTEGER NOT NULL, facts TEXT NOT NULL);
CREATE TABLE labels(host TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(host, key)) WITHOUT ROWID;
CREATE TABLE tokens(id TEXT PRIMARY KEY, secret BLOB NOT NULL UNIQUE, subject INTEGER NOT NULL,
  uses_left INTEGER NOT NULL, expires INTEGER NOT NULL, name TEXT NOT NULL, channel TEXT NOT NULL, labels TEXT NOT NULL,
  role TEXT NOT NULL, created_by TEXT NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE users(name TEXT PRIMARY KEY, role TEXT NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE certificates(serial TEXT PRIMARY KEY, subject INTEGER NOT NULL, name TEXT NOT NULL,
  key BLOB NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX certificates_name ON certificates(subject, name);
CREATE TABLE epochs(host TEXT NOT NULL, epoch TEXT NOT NULL, acknowledged INTEGER NOT NULL,
  PRIMARY KEY(host, epoch)) WITHOUT ROWID;
CREATE TABLE entries(catalog BLOB NOT NULL, id TEXT NOT NULL, position TEXT NOT NULL, controls TEXT NOT NULL,
  PRIMARY KEY(catalog, id)) WITHOUT ROWID;
CREATE TABLE states(host TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL, since INTEGER NOT NULL,
  record BLOB NOT NULL, run TEXT NOT NULL, revision TEXT NOT NULL, PRIMARY KEY(host, id)) WITHOUT ROWID;
CREATE TABLE open_drift(host TEXT NOT NULL, id TEXT NOT NULL, outcome INTEGER NOT NULL, seen INTEGER NOT NULL,
  stored INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL, revision TEXT NOT NULL,
  PRIMARY KEY(host, id)) WITHOUT ROWID;
CREATE TABLE audit(number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL,
  act TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX audit_time ON audit(time);
)sql",
    // How each resource of a host is watched (a fettle.v1.Coverage), and hosts that are paused.
    R"sql(
CREATE TABLE coverage(host TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE pauses(host TEXT PRIMARY KEY, until INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
)sql",
    // Resources that were changed and put back are counted on their own.
    "ALTER TABLE hosts ADD COLUMN reverted INTEGER NOT NULL DEFAULT 0",
    // So are those that somebody else keeps from being changed.
    "ALTER TABLE hosts ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0",
    // Facts, and the revision that a host enforces, are spans. MoveToSpans() moves the facts.
    R"sql(
CREATE TABLE fact_values(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, json TEXT NOT NULL);
CREATE TABLE fact_spans(host TEXT NOT NULL, key TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  value INTEGER NOT NULL, PRIMARY KEY(host, key, since)) WITHOUT ROWID;
CREATE INDEX fact_spans_value ON fact_spans(value);
CREATE TABLE revision_spans(host TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, revision TEXT NOT NULL,
  PRIMARY KEY(host, since)) WITHOUT ROWID;
CREATE INDEX revision_spans_until ON revision_spans(until);
INSERT INTO revision_spans SELECT h.name, h.last_run, 9223372036854775807, 'r' || r.number FROM hosts h
  JOIN revisions r ON r.id = h.revision_id WHERE h.last_run > -9223372036854775808;
CREATE INDEX states_since ON states(since, host, state);
)sql",
    // The evidence log. MoveToLog() makes leaves of the audit log that was, and drops it.
    R"sql(
CREATE TABLE log(id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, edge BLOB NOT NULL,
  newest INTEGER NOT NULL);
INSERT INTO log VALUES(1, 0, x'', -9223372036854775808);
CREATE TABLE log_tiles(level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY(level, number)) WITHOUT ROWID;
CREATE TABLE acts(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL,
  leaf TEXT NOT NULL);
CREATE INDEX acts_time ON acts(time);
CREATE TABLE heads(size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note TEXT NOT NULL);
)sql",
    // With what each host signs its reports now; which keys it had before is in the evidence log.
    "CREATE TABLE report_keys(host TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
    // People who may see some hosts alone.
    R"sql(
ALTER TABLE users ADD COLUMN filter TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN filter TEXT NOT NULL DEFAULT '';
)sql",
    // Classes of length in the tables of months, by AddLengthClasses().
    "SELECT 1",
    // Installed packages as they are now (packages.h); what changed stands in the tables of months.
    R"sql(
CREATE TABLE package_names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE package_versions(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE package_hosts(id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, first INTEGER NOT NULL,
  newest INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE packages(name INTEGER NOT NULL, host INTEGER NOT NULL, version INTEGER NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(name, host)) WITHOUT ROWID;
CREATE INDEX packages_host ON packages(host);
)sql",
    // Other indexes over spans, by RemakeHistoryIndexes().
    "SELECT 1",
};

constexpr int64_t kSpans = 5;            // The version that needs MoveToSpans().
constexpr int64_t kLog = 6;              // The one that needs MoveToLog().
constexpr int64_t kLengths = 9;          // The one that needs AddLengthClasses().
constexpr int64_t kHistoryIndexes = 11;  // The one that needs RemakeHistoryIndexes().

absl::Status MakeVersion(Database& database, int64_t version) {
  RETURN_IF_ERROR(database.Execute(kSteps[version - 1]));
  if (version == kSpans) {
    RETURN_IF_ERROR(MoveToSpans(database));
  }
  if (version == kLog) {
    RETURN_IF_ERROR(MoveToLog(database));
  }
  if (version == kLengths) {
    RETURN_IF_ERROR(AddLengthClasses(database));
  }
  if (version == kHistoryIndexes) {
    RETURN_IF_ERROR(RemakeHistoryIndexes(database));
  }
  return database.Execute(fmt::format("PRAGMA user_version={}", version));
}

}  // namespace

absl::Status Migrate(Database& database) {
  return MigrateTo(database, static_cast<int64_t>(std::size(kSteps)));
}

absl::Status MigrateTo(Database& database, int64_t newest) {
  int64_t version = 0;
  RETURN_IF_ERROR(
      database.Query("PRAGMA user_version", [&](const Row& row) { version = row.Integer(0); }));
  if (version > newest) {
    return FailedPrecondition(
        "the database has schema version {}, this program knows up to {}: it was written by a "
        "newer fettle-server; "
        "run that one",
        version,
        newest);
  }
  if (version > 0 && version < newest) {
    spdlog::info("bringing the database from schema version {} to {}; a large one takes minutes",
                 version,
                 newest);
  }
  for (int64_t next = version + 1; next <= newest; ++next) {
    RETURN_IF_ERROR(Annotate(database.Transaction([&] { return MakeVersion(database, next); }),
                             fmt::format("schema version {}", next)));
  }
  return absl::OkStatus();
}

}  // namespace fettle::server::sqlite
