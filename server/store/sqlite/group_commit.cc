// SPDX-License-Identifier: Apache-2.0
// The writing half of SqliteReportStore: many hosts' batches in one commit.
#include <utility>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/ingest.h"
#include "server/store/sqlite/log.h"
#include "server/store/sqlite/reports.h"

namespace fettle::server::sqlite {

SqliteReportStore::SqliteReportStore(Connection& writer, Readers& reader, const Clock& clock)
    : writer_(writer), reader_(reader), clock_(clock) {
  thread_ = std::make_unique<BackgroundThread>([this] { Loop(); });
}

SqliteReportStore::~SqliteReportStore() {
  Stop();
}

void SqliteReportStore::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.reset();
}

void SqliteReportStore::Ingest(const std::string& host,
                               const std::string& epoch,
                               std::vector<server::Ingest> records,
                               SignedReports reports,
                               IngestDone done) {
  {
    const absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      queue_.push_back({host, epoch, std::move(records), std::move(reports), std::move(done)});
      return;
    }
  }
  done(Unavailable("the store is closing; the host keeps its reports and sends them again"));
}

void SqliteReportStore::Loop() {
  while (true) {
    std::vector<Batch> batches;
    {
      const absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      batches.swap(queue_);
    }
    if (batches.empty()) {
      return;
    }
    Store(std::move(batches));
  }
}

std::vector<absl::StatusOr<uint64_t>> SqliteReportStore::StoreTogether(
    const std::vector<Batch*>& batches) {
  std::vector<absl::StatusOr<uint64_t>> answers;
  const absl::Status status = writer_.Transaction([&](Database& database) -> absl::Status {
    LogWriter log(database, clock_.Now());
    RETURN_IF_ERROR(log.Begin());
    Ingester ingester(database, partitions_, log, clock_.Now());
    for (Batch* batch : batches) {
      answers.push_back(ingester.Apply(batch->host, batch->epoch, batch->records, batch->reports));
      RETURN_IF_ERROR(answers.back().status());
    }
    return log.End();
  });
  if (!status.ok()) {
    const absl::Status reset = writer_.With([&](Database& /*database*/) {
      partitions_ = {};  // What was made was rolled back.
      return absl::OkStatus();
    });
    reset.IgnoreError();  // Closed: nothing is made any more.
    answers.assign(batches.size(), status);
  }
  return answers;
}

// All in one commit; if that fails, each alone, so that one host's bad batch does not hold up the
// others.
void SqliteReportStore::Store(std::vector<Batch> batches) {
  std::vector<Batch*> all;
  for (Batch& batch : batches) {
    all.push_back(&batch);
  }
  std::vector<absl::StatusOr<uint64_t>> answers = StoreTogether(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!answers[i].ok() && all.size() > 1) {
      answers[i] = StoreTogether({all[i]}).front();
    }
    all[i]->done(std::move(answers[i]));
  }
}

}  // namespace fettle::server::sqlite
