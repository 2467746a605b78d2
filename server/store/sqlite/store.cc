// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/store.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "server/store/sqlite/evidence.h"
#include "server/store/sqlite/fleet.h"
#include "server/store/sqlite/history.h"
#include "server/store/sqlite/migrations.h"
#include "server/store/sqlite/policy.h"
#include "server/store/sqlite/reports.h"

namespace fettle::server::sqlite {
namespace {

constexpr absl::Duration kFlushSeen = absl::Seconds(30);
constexpr std::size_t kReaders = 4;

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Database> writer,
              std::vector<std::unique_ptr<Database>> readers,
              const Clock& clock,
              absl::Duration keep_history)
      : clock_(clock),
        keep_history_(keep_history),
        writer_(std::move(writer)),
        reader_(std::move(readers)),
        policy_(writer_, reader_),
        fleet_(writer_, reader_),
        reports_(writer_, reader_, clock),
        history_(reader_),
        evidence_(writer_, reader_),
        flusher_(std::make_unique<BackgroundThread>([this] { FlushLoop(); })) {}

  ~SqliteStore() override { Close(); }

  PolicyStore& policy() override { return policy_; }

  FleetStore& fleet() override { return fleet_; }

  ReportStore& reports() override { return reports_; }

  HistoryStore& history() override { return history_; }

  EvidenceStore& evidence() override { return evidence_; }

  absl::Status Forget() { return reports_.ForgetBefore(clock_.Now() - keep_history_); }

  void Close() override {
    {
      const absl::MutexLock lock(&mutex_);
      closing_ = true;
    }
    flusher_.reset();
    reports_.Stop();
    fleet_.FlushSeen().IgnoreError();  // Last-seen times: the next heartbeats say them again.
    writer_.Close();
    reader_.Close();
  }

 private:
  void FlushLoop() {
    bool closing = false;
    while (!closing) {
      {
        const absl::MutexLock lock(&mutex_);
        mutex_.AwaitWithTimeout(absl::Condition(&closing_), kFlushSeen);
        closing = closing_;
      }
      fleet_.FlushSeen().IgnoreError();  // Tried again in kFlushSeen.
      if (!closing) {
        Forget().IgnoreError();  // Likewise.
      }
    }
  }

  const Clock& clock_;
  const absl::Duration keep_history_;
  Connection writer_;
  Readers reader_;
  SqlitePolicyStore policy_;
  SqliteFleetStore fleet_;
  SqliteReportStore reports_;
  SqliteHistoryStore history_;
  SqliteEvidenceStore evidence_;
  absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<BackgroundThread> flusher_;
};

absl::Status Damaged(const std::string& path, std::string_view said) {
  return absl::DataLossError(fmt::format(
      "database {} is damaged ({}); stop the server, keep the file, and restore a backup or "
      "`sqlite3 {} .recover`; hosts keep enforcing and keep their reports meanwhile",
      path,
      said,
      path));
}

absl::Status CheckWhole(Database& database, const std::string& path) {
  std::string said;
  RETURN_IF_ERROR(
      database.Query("PRAGMA quick_check(1)", [&](const Row& row) { said = row.Text(0); }));
  return said == "ok" ? absl::OkStatus() : Damaged(path, said);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& path,
                                                 const Clock& clock,
                                                 absl::Duration keep_history) {
  auto opened = Database::Open(path);
  if (absl::IsDataLoss(opened.status())) {
    return Damaged(path, Message(opened.status()));
  }
  ASSIGN_OR_RETURN(auto writer, std::move(opened));
  RETURN_IF_ERROR(CheckWhole(*writer, path));
  RETURN_IF_ERROR(Annotate(Migrate(*writer), path));
  std::vector<std::unique_ptr<Database>> readers(kReaders);
  for (auto& reader : readers) {
    ASSIGN_OR_RETURN(reader, Database::Open(path));
  }
  auto store =
      std::make_unique<SqliteStore>(std::move(writer), std::move(readers), clock, keep_history);
  RETURN_IF_ERROR(Annotate(store->Forget(), path));
  return store;
}

}  // namespace fettle::server::sqlite
