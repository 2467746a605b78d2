// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/base/background_thread.h"
#include "lib/base/clock.h"
#include "server/store/sqlite/connection.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/sqlite/readers.h"
#include "server/store/store.h"

namespace fettle::server::sqlite {

// ReportStore on SQLite. Safe from any thread. Batches wait in a queue; one thread of its own takes
// all that are there into one transaction (group commit) and then calls back.
class SqliteReportStore final : public ReportStore {
 public:
  SqliteReportStore(Connection& writer, Readers& reader, const Clock& clock);
  ~SqliteReportStore() override;

  void Ingest(const std::string& host,
              const std::string& epoch,
              std::vector<server::Ingest> records,
              SignedReports reports,
              IngestDone done) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<uint64_t> Acknowledged(const std::string& host, const std::string& epoch) override;
  absl::StatusOr<std::string> FactsOf(const std::string& host) override;
  absl::StatusOr<std::vector<StateRecord>> StatesOf(const std::string& host) override;
  absl::StatusOr<std::vector<SpanRecord>> HistoryOf(const std::string& host,
                                                    const std::string& resource,
                                                    absl::Time since,
                                                    uint32_t most) override;
  absl::StatusOr<std::vector<DriftEntry>> Drift(absl::Time since, uint32_t most) override;
  absl::StatusOr<std::vector<resource::RunReport>> Runs(const std::string& host,
                                                        absl::Time since,
                                                        uint32_t most) override;
  absl::StatusOr<std::vector<ControlState>> ControlStates() override;
  absl::Status Audit(const AuditEntry& entry) override;
  absl::StatusOr<std::vector<AuditEntry>> AuditLog(absl::Time since, uint32_t most) override;

  // Drops the history of all months that ended before the one of `before`, and says so in the audit
  // log.
  absl::Status ForgetBefore(absl::Time before);

  // Stores what waits and ends the thread; later batches are answered kUnavailable.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Batch {
    std::string host;
    std::string epoch;
    std::vector<server::Ingest> records;
    SignedReports reports;
    IngestDone done;
  };

  void Loop() ABSL_LOCKS_EXCLUDED(mutex_);
  void Store(std::vector<Batch> batches);
  std::vector<absl::StatusOr<uint64_t>> StoreTogether(const std::vector<Batch*>& batches);

  Connection& writer_;
  Readers& reader_;
  const Clock& clock_;
  Partitions partitions_;  // Used while the writer is held.
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Batch> queue_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace fettle::server::sqlite
