// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

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

  std::string damage() const override {
    const absl::MutexLock lock(&mutex_);
    return damage_;
  }

  // Checks all of the file on a thread of its own, by a connection of its own.
  void CheckLater(std::unique_ptr<Database> database, const std::string& path) {
    checked_ = std::move(database);
    checker_ = std::make_unique<BackgroundThread>([this, path] { CheckTables(path); });
  }

  absl::Status Forget() { return reports_.ForgetBefore(clock_.Now() - keep_history_); }

  void Close() override {
    {
      const absl::MutexLock lock(&mutex_);
      closing_ = true;
    }
    if (checked_ != nullptr) {
      checked_->Interrupt();
    }
    checker_.reset();
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

  bool closing() const {
    const absl::MutexLock lock(&mutex_);
    return closing_;
  }

  // A table at a time, so that no long snapshot keeps what was written meanwhile from the file.
  void CheckTables(const std::string& path);

  const Clock& clock_;
  const absl::Duration keep_history_;
  Connection writer_;
  Readers reader_;
  SqlitePolicyStore policy_;
  SqliteFleetStore fleet_;
  SqliteReportStore reports_;
  SqliteHistoryStore history_;
  SqliteEvidenceStore evidence_;
  mutable absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::string damage_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<BackgroundThread> flusher_;
  std::unique_ptr<Database> checked_;  // What the checker looks at it by.
  std::unique_ptr<BackgroundThread> checker_;
};

absl::Status Damaged(const std::string& path, std::string_view said) {
  return absl::DataLossError(fmt::format(
      "database {} is damaged ({}); stop the server, keep the file, and restore a backup or "
      "`sqlite3 {} .recover`; hosts keep enforcing and keep their reports meanwhile",
      path,
      said,
      path));
}

absl::Status Check(Database& database, const std::string& pragma, const std::string& path) {
  std::string said;
  RETURN_IF_ERROR(database.Query(pragma, [&](const Row& row) { said = row.Text(0); }));
  return said == "ok" ? absl::OkStatus() : Damaged(path, said);
}

absl::Status CheckWhole(Database& database, const std::string& path) {
  return Check(database, "PRAGMA quick_check(1)", path);
}

bool IsThere(Database& database, const std::string& table) {
  bool there = false;
  const absl::Status status = database.Query(
      "SELECT 1 FROM sqlite_master WHERE name = ?", [&](const Row&) { there = true; }, table);
  return there || !status.ok();
}

void SqliteStore::CheckTables(const std::string& path) {
  const absl::Duration begun = clock_.Monotonic();
  std::vector<std::string> tables;
  absl::Status status =
      checked_->Query("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0",
                      [&](const Row& row) { tables.push_back(row.Text(0)); });
  for (std::size_t i = 0; status.ok() && i < tables.size() && !closing(); ++i) {
    status = Check(*checked_, fmt::format("PRAGMA quick_check(\"{}\")", tables[i]), path);
    if (!status.ok() && !absl::IsDataLoss(status) && !IsThere(*checked_, tables[i])) {
      status = absl::OkStatus();  // Dropped meanwhile, with its month.
    }
  }
  const absl::MutexLock lock(&mutex_);
  if (closing_) {
    return;
  }
  if (!status.ok()) {
    damage_ =
        std::string(Message(absl::IsDataLoss(status) ? status : Damaged(path, Message(status))));
    spdlog::error("{}", damage_);
  } else {
    spdlog::info("the database was checked and is sound; it took {}",
                 absl::FormatDuration(absl::Trunc(clock_.Monotonic() - begun, absl::Seconds(1))));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& path,
                                                 const Clock& clock,
                                                 absl::Duration keep_history,
                                                 uint64_t checked_at_once) {
  auto opened = Database::Open(path);
  if (absl::IsDataLoss(opened.status())) {
    return Damaged(path, Message(opened.status()));
  }
  ASSIGN_OR_RETURN(auto writer, std::move(opened));
  std::error_code ignored;
  const bool large = std::filesystem::file_size(path, ignored) > checked_at_once;
  if (!large) {
    RETURN_IF_ERROR(CheckWhole(*writer, path));
  }
  RETURN_IF_ERROR(Annotate(Migrate(*writer), path));
  std::vector<std::unique_ptr<Database>> readers(kReaders);
  for (auto& reader : readers) {
    ASSIGN_OR_RETURN(reader, Database::Open(path));
  }
  auto store =
      std::make_unique<SqliteStore>(std::move(writer), std::move(readers), clock, keep_history);
  RETURN_IF_ERROR(Annotate(store->Forget(), path));
  if (large) {
    ASSIGN_OR_RETURN(auto checked, Database::Open(path));
    store->CheckLater(std::move(checked), path);
  }
  return store;
}

}  // namespace fettle::server::sqlite
