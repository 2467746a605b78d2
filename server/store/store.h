// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "server/store/evidence.h"
#include "server/store/history.h"
#include "server/store/types.h"

// What the server keeps, behind interfaces by concern. Everything may be called from any
// thread. A call that changes something returns after commit (what it says is then safe against
// power loss). kNotFound: no such thing; kAlreadyExists; kFailedPrecondition: the state forbids it;
// kUnavailable: the store cannot be reached or is full, said with what to do; kDataLoss: damaged,
// named, quarantined. An `act` that says who becomes a leaf of the evidence log in the transaction
// of what it tells of: both are there, or neither.
namespace fettle::server {

// The act, from what came of it; null for none.
template <typename Result>
using ActOf = std::function<AuditEntry(const Result&)>;

// Blobs, revisions, channels.
class PolicyStore {
 public:
  virtual ~PolicyStore() = default;

  // Which of `digests` are not there, in their order.
  virtual absl::StatusOr<std::vector<Digest>> MissingBlobs(std::span<const Digest> digests) = 0;
  // The caller has verified that Sha256(data) == digest. OK when it is there already.
  virtual absl::Status PutBlob(const Digest& digest, std::string_view data) = 0;
  // The same for many, in one commit.
  virtual absl::Status PutBlobs(std::span<const Blob> blobs) = 0;
  // kDataLoss for one that is damaged; it is then missing, so that uploading it again repairs it.
  virtual absl::StatusOr<std::string> GetBlob(const Digest& digest) = 0;

  // Gives it the next number. kAlreadyExists (with the number in the message) when the id is there.
  virtual absl::StatusOr<RevisionRecord> AddRevision(
      RevisionRecord revision, const ActOf<RevisionRecord>& act = nullptr) = 0;
  virtual absl::StatusOr<RevisionRecord> GetRevision(const Digest& id) = 0;
  virtual absl::StatusOr<RevisionRecord> GetRevisionByNumber(int64_t number) = 0;
  // By a hexadecimal prefix of the id; kInvalidArgument when ambiguous.
  virtual absl::StatusOr<RevisionRecord> GetRevisionByPrefix(std::string_view hex) = 0;
  // Newest first, numbers below `before` (0: all), at most `most`.
  virtual absl::StatusOr<std::vector<RevisionRecord>> ListRevisions(int64_t before,
                                                                    uint32_t most) = 0;

  // Makes or moves a channel. An empty revision id makes it point nowhere.
  virtual absl::Status SetChannel(const ChannelRecord& channel, const AuditEntry& act = {}) = 0;
  virtual absl::StatusOr<ChannelRecord> GetChannel(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<ChannelRecord>> ListChannels() = 0;
};

// Hosts, labels, tokens, certificates, users.
class FleetStore {
 public:
  virtual ~FleetStore() = default;

  virtual absl::StatusOr<HostRecord> GetHost(const std::string& name) = 0;
  // All hosts, by name.
  virtual absl::StatusOr<std::vector<HostRecord>> ListHosts() = 0;
  // All of `change` and its acts, or nothing.
  virtual absl::Status ChangeHost(const std::string& host, const HostChange& change) = 0;
  // What a session learnt: version, address, machine id, enforced revision.
  virtual absl::Status NoteSession(const HostRecord& host) = 0;
  // Heartbeats come often: kept in memory and written within a minute, or at the next change of the
  // host.
  virtual void NoteSeen(const std::string& host, absl::Time when) = 0;

  virtual absl::Status AddToken(const TokenRecord& token, const AuditEntry& act = {}) = 0;
  virtual absl::StatusOr<std::vector<TokenRecord>> ListTokens() = 0;
  virtual absl::Status RevokeToken(const std::string& id, const AuditEntry& act = {}) = 0;

  // In one transaction: takes one use of the token with this secret digest (kPermissionDenied with
  // why it is not good: unknown, spent, expired, revoked, for another name or subject), asks
  // `issue` for the certificate to record, makes or renews the host or user. Any error leaves the
  // token as it was.
  virtual absl::StatusOr<TokenRecord> Enroll(
      const Digest& secret,
      Subject subject,
      const HostRecord& host,
      const std::function<absl::StatusOr<CertificateRecord>(const TokenRecord& token,
                                                            const std::string& name)>& issue,
      absl::Time now,
      const ActOf<CertificateRecord>& act = nullptr) = 0;
  virtual absl::Status AddCertificate(const CertificateRecord& certificate,
                                      const AuditEntry& act = {}) = 0;
  // Those of a subject that are neither revoked nor expired. May be called from `issue` of Enroll.
  virtual absl::StatusOr<std::vector<CertificateRecord>> LiveCertificates(Subject subject,
                                                                          const std::string& name,
                                                                          absl::Time now) = 0;
  // All certificates of a subject; answers their serials. The host or user is marked revoked until
  // enrolled anew.
  virtual absl::StatusOr<std::vector<std::string>> Revoke(Subject subject,
                                                          const std::string& name,
                                                          const std::string& reason,
                                                          const AuditEntry& act = {}) = 0;
  // Serials of all certificates that are revoked and not expired.
  virtual absl::StatusOr<std::vector<std::string>> RevokedSerials(absl::Time now) = 0;
  // kNotFound for an unknown or revoked user.
  virtual absl::StatusOr<UserRecord> GetUser(const std::string& user) = 0;
};

// What hosts report.
class ReportStore {
 public:
  virtual ~ReportStore() = default;

  // Called on the store's own thread after the commit, with the highest sequence of the epoch that
  // is now stored.
  using IngestDone = std::function<void(absl::StatusOr<uint64_t>)>;

  // Stores a batch of one host exactly once by (host, epoch, sequence): records at or below the
  // epoch's acknowledged sequence are passed over. Present states, spans, drift, counts and the run
  // stand in one transaction, with a leaf of the evidence log for `reports`, which are what they
  // came as; a key that is new for the host is a leaf too. Batches of many hosts share a commit.
  // Never blocks on the disk.
  virtual void Ingest(const std::string& host,
                      const std::string& epoch,
                      std::vector<server::Ingest> records,
                      SignedReports reports,
                      IngestDone done) = 0;

  // Highest stored sequence of an epoch, 0 for none.
  virtual absl::StatusOr<uint64_t> Acknowledged(const std::string& host,
                                                const std::string& epoch) = 0;

  virtual absl::StatusOr<std::string> FactsOf(const std::string& host) = 0;
  // By id.
  virtual absl::StatusOr<std::vector<StateRecord>> StatesOf(const std::string& host) = 0;
  // Newest first. `resource` "" for all.
  virtual absl::StatusOr<std::vector<SpanRecord>> HistoryOf(const std::string& host,
                                                            const std::string& resource,
                                                            absl::Time since,
                                                            uint32_t most) = 0;
  // Newest first; with since = InfiniteFuture only what is open.
  virtual absl::StatusOr<std::vector<DriftEntry>> Drift(absl::Time since, uint32_t most) = 0;
  // Newest first, without resources. `host` "" for all.
  virtual absl::StatusOr<std::vector<resource::RunReport>> Runs(const std::string& host,
                                                                absl::Time since,
                                                                uint32_t most) = 0;

  // Of all hosts, by host and resource: those that name a control.
  virtual absl::StatusOr<std::vector<ControlState>> ControlStates() = 0;

  // A leaf of the evidence log; its time is that of the newest leaf if that is later.
  virtual absl::Status Audit(const AuditEntry& entry) = 0;
  virtual absl::StatusOr<std::vector<AuditEntry>> AuditLog(absl::Time since, uint32_t most) = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual PolicyStore& policy() = 0;
  virtual FleetStore& fleet() = 0;
  virtual ReportStore& reports() = 0;
  virtual HistoryStore& history() = 0;
  virtual EvidenceStore& evidence() = 0;
  // What a check of the whole file found wrong since it was opened, for people; "" so far nothing.
  virtual std::string damage() const = 0;
  // Writes what is pending and closes. Later calls answer kUnavailable.
  virtual void Close() = 0;
};

}  // namespace fettle::server
