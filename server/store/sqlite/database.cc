// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/database.h"

#include <sqlite3.h>

#include <limits>

#include "lib/base/status_macros.h"

namespace fettle::server::sqlite {
namespace {

constexpr int64_t kPast = std::numeric_limits<int64_t>::min();
constexpr int64_t kFuture = std::numeric_limits<int64_t>::max();
constexpr int kBusyMilliseconds = 10'000;

absl::StatusCode CodeOf(int result) {
  switch (result & 0xFF) {
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAlreadyExists;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

int64_t Micros(absl::Time time) {
  if (time == absl::InfinitePast()) {
    return kPast;
  }
  return time == absl::InfiniteFuture() ? kFuture : absl::ToUnixMicros(time);
}

int64_t Row::Integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Row::Bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string_view() : std::string_view(data, size);
}

absl::Time Row::Time(int column) const {
  const int64_t micros = Integer(column);
  if (micros == kPast) {
    return absl::InfinitePast();
  }
  return micros == kFuture ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}

Digest Row::AsDigest(int column) const {
  const auto digest = Digest::FromRaw(Bytes(column));
  return digest.ok() ? *digest : Digest{};
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &database->handle_, flags, nullptr) != SQLITE_OK) {
    return database->Error("open");
  }
  sqlite3_busy_timeout(database->handle_, kBusyMilliseconds);
  RETURN_IF_ERROR(
      database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                        "PRAGMA temp_store=MEMORY;"));
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(handle_);
}

absl::Status Database::Error(std::string_view doing) const {
  const int result = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
  const char* said = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  std::string message = fmt::format("database {}: {}: {}", path_, doing, said);
  if ((result & 0xFF) == SQLITE_FULL) {
    message += "; free space on its file system, nothing that was acknowledged is lost";
  }
  return {CodeOf(result), message};
}

absl::Status Database::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Error("execute");
  }
  return absl::OkStatus();
}

absl::StatusOr<sqlite3_stmt*> Database::Prepare(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second;
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_,
                         sql.c_str(),
                         static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT,
                         &statement,
                         nullptr) != SQLITE_OK) {
    return Error(fmt::format("prepare \"{}\"", sql));
  }
  statements_.emplace(sql, statement);
  return statement;
}

absl::Status Database::Step(sqlite3_stmt* statement, const std::function<void(const Row&)>& each) {
  int result = sqlite3_step(statement);
  for (; result == SQLITE_ROW; result = sqlite3_step(statement)) {
    if (each) {
      each(Row(statement));
    }
  }
  const absl::Status status =
      result == SQLITE_DONE ? absl::OkStatus() : Error(sqlite3_sql(statement));
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

void Database::Bind(sqlite3_stmt* statement, int index, int64_t value) {
  sqlite3_bind_int64(statement, index, value);
}

void Database::Bind(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement,
                    index,
                    text.data() == nullptr ? "" : text.data(),
                    static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
}

void Database::Bind(sqlite3_stmt* statement, int index, const Digest& digest) {
  const std::string_view raw = digest.Raw();
  sqlite3_bind_blob(statement, index, raw.data(), static_cast<int>(raw.size()), SQLITE_TRANSIENT);
}

void Database::Interrupt() {
  sqlite3_interrupt(handle_);
}

int64_t Database::Changes() const {
  return sqlite3_changes64(handle_);
}

absl::Status Database::Transaction(const std::function<absl::Status()>& work) {
  return Bracket("BEGIN IMMEDIATE", work);
}

absl::Status Database::Snapshot(const std::function<absl::Status()>& work) {
  return Bracket("BEGIN DEFERRED", work);
}

absl::Status Database::Bracket(const char* begin, const std::function<absl::Status()>& work) {
  RETURN_IF_ERROR(Run(begin));
  absl::Status status = work();
  if (status.ok()) {
    status = Run("COMMIT");
  }
  if (!status.ok() && sqlite3_get_autocommit(handle_) == 0) {
    Execute("ROLLBACK").IgnoreError();  // The first error is the one to tell.
  }
  return status;
}

}  // namespace fettle::server::sqlite
