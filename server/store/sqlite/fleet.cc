// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/fleet.h"

#include <algorithm>
#include <utility>

#include "server/store/sqlite/log.h"
#include "server/store/sqlite/tokens.h"

namespace fettle::server::sqlite {
namespace {

constexpr absl::Duration kKeepExpired = absl::Hours(24 * 90);

constexpr char kHostColumns[] =
    "SELECT h.name, h.channel, h.machine_id, h.agent_version, h.address, h.os, h.enrolled, "
    "h.last_seen, h.revision_id, "
    "coalesce('r' || r.number, ''), h.refusal, h.catalog, h.states, h.ok, h.unknown, h.skipped, "
    "h.changed, h.drifted, "
    "h.failed, h.reverted, h.blocked, h.open_drift, h.last_run, h.last_run_error, h.revoked, "
    "coalesce((SELECT max(c.expires) FROM certificates c WHERE c.subject = 0 AND c.name = h.name "
    "AND c.revoked = 0), -9223372036854775808), "
    "coalesce(p.until, -9223372036854775808), coalesce(p.reason, ''), coalesce(k.key, x''), "
    "coalesce(g.digest, x'') FROM "
    "hosts h LEFT JOIN package_hosts g ON g.host = h.name LEFT JOIN report_keys k ON k.host = "
    "h.name "
    "LEFT JOIN pauses p ON p.host = h.name "
    "LEFT JOIN revisions r ON r.id = h.revision_id ";

HostRecord ReadHost(const Row& row) {
  HostRecord host;
  host.name = row.Text(0);
  host.channel = row.Text(1);
  host.machine_id = row.Text(2);
  host.agent_version = row.Text(3);
  host.address = row.Text(4);
  host.os = row.Text(5);
  host.enrolled = row.Time(6);
  host.last_seen = row.Time(7);
  host.revision_id = row.AsDigest(8);
  host.revision = row.Text(9);
  host.refusal = row.Text(10);
  host.catalog = row.AsDigest(11);
  host.states = row.AsDigest(12);
  int32_t* const counts[] = {&host.counts.ok,
                             &host.counts.unknown,
                             &host.counts.skipped,
                             &host.counts.changed,
                             &host.counts.drifted,
                             &host.counts.failed,
                             &host.counts.reverted,
                             &host.counts.blocked};
  for (int i = 0; i < 8; ++i) {
    *counts[i] = static_cast<int32_t>(row.Integer(13 + i));
  }
  host.open_drift = static_cast<uint32_t>(row.Integer(21));
  host.last_run = row.Time(22);
  host.last_run_error = row.Text(23);
  host.revoked = row.Bool(24);
  host.certificate_expires = row.Time(25);
  host.paused_until = row.Time(26);
  host.pause_reason = row.Text(27);
  host.report_key = row.Text(28);
  host.packages = row.AsDigest(29);
  return host;
}

absl::Status ReplaceLabels(Database& database, const std::string& host, const Labels& labels) {
  RETURN_IF_ERROR(database.Run("DELETE FROM labels WHERE host = ?", host));
  for (const auto& [key, value] : labels) {
    RETURN_IF_ERROR(
        database.Run("INSERT INTO labels(host, key, value) VALUES(?, ?, ?)", host, key, value));
  }
  return absl::OkStatus();
}

absl::Status MakeHost(Database& database,
                      const HostRecord& host,
                      const TokenRecord& token,
                      absl::Time now) {
  bool there = false;
  RETURN_IF_ERROR(database.Query(
      "SELECT 1 FROM hosts WHERE name = ?", [&](const Row&) { there = true; }, host.name));
  if (there) {
    return database.Run(
        "UPDATE hosts SET machine_id = ?, revoked = 0 WHERE name = ?", host.machine_id, host.name);
  }
  RETURN_IF_ERROR(
      database.Run("INSERT INTO hosts VALUES(?, ?, ?, '', '', '', ?, ?, ?, '', ?, ?, 0, 0, 0, 0, "
                   "0, 0, 0, ?, '', 0, '', 0, 0)",
                   host.name,
                   token.channel,
                   host.machine_id,
                   now,
                   absl::InfinitePast(),
                   Digest{},
                   Digest{},
                   Digest{},
                   absl::InfinitePast()));
  return ReplaceLabels(database, host.name, token.labels);
}

absl::Status MakeUser(Database& database, const std::string& name, const TokenRecord& token) {
  return database.Run(
      "INSERT INTO users(name, role, revoked, filter) VALUES(?, ?, 0, ?) ON CONFLICT(name) DO "
      "UPDATE SET role = excluded.role, revoked = 0, filter = excluded.filter",
      name,
      token.role,
      token.filter);
}

// Also forgets those of the same subject that expired long ago.
absl::Status RecordCertificate(Database& database, const CertificateRecord& certificate) {
  RETURN_IF_ERROR(
      database.Run("DELETE FROM certificates WHERE subject = ? AND name = ? AND expires < ?",
                   static_cast<int64_t>(certificate.subject),
                   certificate.name,
                   certificate.issued - kKeepExpired));
  return database.Run("INSERT INTO certificates VALUES(?, ?, ?, ?, ?, ?, 0, '')",
                      certificate.serial,
                      static_cast<int64_t>(certificate.subject),
                      certificate.name,
                      certificate.key,
                      certificate.issued,
                      certificate.expires);
}

}  // namespace

absl::StatusOr<std::vector<HostRecord>> SqliteFleetStore::ReadHosts(const std::string& name) {
  std::vector<HostRecord> hosts;
  std::map<std::string, Labels, std::less<>> labels;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    const auto host = [&](const Row& row) { hosts.push_back(ReadHost(row)); };
    const auto label = [&](const Row& row) { labels[row.Text(0)][row.Text(1)] = row.Text(2); };
    if (name.empty()) {
      RETURN_IF_ERROR(database.Query(std::string(kHostColumns) + "ORDER BY h.name", host));
      return database.Query("SELECT host, key, value FROM labels", label);
    }
    RETURN_IF_ERROR(database.Query(std::string(kHostColumns) + "WHERE h.name = ?", host, name));
    return database.Query("SELECT host, key, value FROM labels WHERE host = ?", label, name);
  }));
  const absl::MutexLock lock(&seen_mutex_);
  for (HostRecord& host : hosts) {
    if (const auto found = labels.find(host.name); found != labels.end()) {
      host.labels = std::move(found->second);
    }
    if (const auto found = seen_.find(host.name); found != seen_.end()) {
      host.last_seen = std::max(host.last_seen, found->second);
    }
  }
  return hosts;
}

absl::StatusOr<HostRecord> SqliteFleetStore::GetHost(const std::string& name) {
  if (name.empty()) {
    return InvalidArgument("a host's name is missing");
  }
  ASSIGN_OR_RETURN(auto hosts, ReadHosts(name));
  if (hosts.empty()) {
    return NotFound("there is no host \"{}\"", name);
  }
  return hosts.front();
}

absl::StatusOr<std::vector<HostRecord>> SqliteFleetStore::ListHosts() {
  return ReadHosts("");
}

absl::Status SqliteFleetStore::ChangeHost(const std::string& host, const HostChange& change) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    if (change.labels.has_value()) {
      RETURN_IF_ERROR(ReplaceLabels(database, host, *change.labels));
    }
    if (!change.channel.empty()) {
      RETURN_IF_ERROR(
          database.Run("UPDATE hosts SET channel = ? WHERE name = ?", change.channel, host));
    }
    for (const AuditEntry& act : change.acts) {
      RETURN_IF_ERROR(WriteAct(database, act, act.time));
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteFleetStore::NoteSession(const HostRecord& host) {
  return writer_.With([&](Database& database) {
    return database.Run(
        "UPDATE hosts SET machine_id = ?, agent_version = ?, address = ?, revision_id = ?, "
        "last_seen = ? WHERE name = ?",
        host.machine_id,
        host.agent_version,
        host.address,
        host.revision_id,
        host.last_seen,
        host.name);
  });
}

void SqliteFleetStore::NoteSeen(const std::string& host, absl::Time when) {
  const absl::MutexLock lock(&seen_mutex_);
  seen_[host] = when;
}

absl::Status SqliteFleetStore::FlushSeen() {
  std::map<std::string, absl::Time> seen;
  {
    const absl::MutexLock lock(&seen_mutex_);
    seen.swap(seen_);
  }
  if (seen.empty()) {
    return absl::OkStatus();
  }
  return writer_.Transaction([&](Database& database) -> absl::Status {
    for (const auto& [host, when] : seen) {
      RETURN_IF_ERROR(database.Run(
          "UPDATE hosts SET last_seen = max(last_seen, ?) WHERE name = ?", when, host));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<TokenRecord> SqliteFleetStore::Enroll(
    const Digest& secret,
    Subject subject,
    const HostRecord& host,
    const std::function<absl::StatusOr<CertificateRecord>(const TokenRecord&, const std::string&)>&
        issue,
    absl::Time now,
    const ActOf<CertificateRecord>& act) {
  TokenRecord token;
  RETURN_IF_ERROR(writer_.Transaction([&](Database& database) -> absl::Status {
    ASSIGN_OR_RETURN(token, TakeToken(database, secret, subject, host.name, now));
    HostRecord named = host;
    named.name = host.name.empty() ? token.name : host.name;
    ASSIGN_OR_RETURN(const CertificateRecord certificate, issue(token, named.name));
    RETURN_IF_ERROR(subject == Subject::kHost ? MakeHost(database, named, token, now)
                                              : MakeUser(database, named.name, token));
    RETURN_IF_ERROR(RecordCertificate(database, certificate));
    return act ? WriteAct(database, act(certificate), now) : absl::OkStatus();
  }));
  return token;
}

absl::Status SqliteFleetStore::AddCertificate(const CertificateRecord& certificate,
                                              const AuditEntry& act) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(RecordCertificate(database, certificate));
    return WriteAct(database, act, act.time);
  });
}

absl::StatusOr<std::vector<CertificateRecord>> SqliteFleetStore::LiveCertificates(
    Subject subject, const std::string& name, absl::Time now) {
  std::vector<CertificateRecord> live;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT serial, key, issued, expires FROM certificates WHERE subject = ? AND name = ? AND "
        "revoked = 0 AND expires > ? ORDER BY issued",
        [&](const Row& row) {
          CertificateRecord one;
          one.serial = row.Text(0);
          one.subject = subject;
          one.name = name;
          one.key = row.AsDigest(1);
          one.issued = row.Time(2);
          one.expires = row.Time(3);
          live.push_back(std::move(one));
        },
        static_cast<int64_t>(subject),
        name,
        now);
  }));
  return live;
}

absl::StatusOr<std::vector<std::string>> SqliteFleetStore::Revoke(Subject subject,
                                                                  const std::string& name,
                                                                  const std::string& reason,
                                                                  const AuditEntry& act) {
  std::vector<std::string> serials;
  RETURN_IF_ERROR(writer_.Transaction([&](Database& database) -> absl::Status {
    const auto kind = static_cast<int64_t>(subject);
    RETURN_IF_ERROR(database.Query(
        "SELECT serial FROM certificates WHERE subject = ? AND name = ? AND revoked = 0",
        [&](const Row& row) { serials.push_back(row.Text(0)); },
        kind,
        name));
    RETURN_IF_ERROR(
        database.Run("UPDATE certificates SET revoked = 1, reason = ? WHERE subject = ? AND name = "
                     "? AND revoked = 0",
                     reason,
                     kind,
                     name));
    const char* const table = subject == Subject::kHost ? "hosts" : "users";
    RETURN_IF_ERROR(
        database.Run(fmt::format("UPDATE {} SET revoked = 1 WHERE name = ?", table), name));
    if (database.Changes() == 0 && serials.empty()) {
      return NotFound("there is no {} \"{}\"", subject == Subject::kHost ? "host" : "user", name);
    }
    return WriteAct(database, act, act.time);
  }));
  return serials;
}

absl::StatusOr<std::vector<std::string>> SqliteFleetStore::RevokedSerials(absl::Time now) {
  std::vector<std::string> serials;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT serial FROM certificates WHERE revoked = 1 AND expires > ? ORDER BY serial",
        [&](const Row& row) { serials.push_back(row.Text(0)); },
        now);
  }));
  return serials;
}

absl::StatusOr<UserRecord> SqliteFleetStore::GetUser(const std::string& user) {
  UserRecord record;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT name, role, filter FROM users WHERE name = ? AND revoked = 0",
        [&](const Row& row) {
          record = {row.Text(0), row.Text(1), row.Text(2)};
        },
        user);
  }));
  if (record.role.empty()) {
    return NotFound("there is no user \"{}\" (or it was revoked)", user);
  }
  return record;
}

}  // namespace fettle::server::sqlite
