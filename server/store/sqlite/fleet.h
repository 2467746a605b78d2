// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "server/store/sqlite/connection.h"
#include "server/store/sqlite/readers.h"
#include "server/store/store.h"

namespace fettle::server::sqlite {

// FleetStore on SQLite. Safe from any thread.
class SqliteFleetStore final : public FleetStore {
 public:
  SqliteFleetStore(Connection& writer, Readers& reader) : writer_(writer), reader_(reader) {}

  absl::StatusOr<HostRecord> GetHost(const std::string& name) override;
  absl::StatusOr<std::vector<HostRecord>> ListHosts() override;
  absl::Status ChangeHost(const std::string& host, const HostChange& change) override;
  absl::Status NoteSession(const HostRecord& host) override;
  void NoteSeen(const std::string& host, absl::Time when) override;
  absl::Status AddToken(const TokenRecord& token, const AuditEntry& act) override;
  absl::StatusOr<std::vector<TokenRecord>> ListTokens() override;
  absl::Status RevokeToken(const std::string& id, const AuditEntry& act) override;
  absl::StatusOr<TokenRecord> Enroll(const Digest& secret,
                                     Subject subject,
                                     const HostRecord& host,
                                     const std::function<absl::StatusOr<CertificateRecord>(
                                         const TokenRecord&, const std::string&)>& issue,
                                     absl::Time now,
                                     const ActOf<CertificateRecord>& act) override;
  absl::Status AddCertificate(const CertificateRecord& certificate, const AuditEntry& act) override;
  absl::StatusOr<std::vector<CertificateRecord>> LiveCertificates(Subject subject,
                                                                  const std::string& name,
                                                                  absl::Time now) override;
  absl::StatusOr<std::vector<std::string>> Revoke(Subject subject,
                                                  const std::string& name,
                                                  const std::string& reason,
                                                  const AuditEntry& act) override;
  absl::StatusOr<std::vector<std::string>> RevokedSerials(absl::Time now) override;
  absl::StatusOr<UserRecord> GetUser(const std::string& user) override;

  // Writes the times of NoteSeen() that are not written yet.
  absl::Status FlushSeen() ABSL_LOCKS_EXCLUDED(seen_mutex_);

 private:
  absl::StatusOr<std::vector<HostRecord>> ReadHosts(const std::string& name)
      ABSL_LOCKS_EXCLUDED(seen_mutex_);

  Connection& writer_;
  Readers& reader_;
  absl::Mutex seen_mutex_;
  std::map<std::string, absl::Time> seen_ ABSL_GUARDED_BY(seen_mutex_);  // Not written yet.
};

}  // namespace fettle::server::sqlite
