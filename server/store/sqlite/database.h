// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fettle::server::sqlite {

// One row of an answer; columns from 0. Views live until the next row.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

  int64_t Integer(int column) const;
  std::string_view Bytes(int column) const;

  std::string Text(int column) const { return std::string(Bytes(column)); }

  bool Bool(int column) const { return Integer(column) != 0; }

  // Microseconds since 1970; the extremes of int64 stand for InfinitePast and InfiniteFuture.
  absl::Time Time(int column) const;
  // The empty digest for NULL or a wrong length.
  Digest AsDigest(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// A time as the store keeps it; see Row::Time().
int64_t Micros(absl::Time time);

// One SQLite connection with its prepared statements. Used by one thread at a time. Errors:
// kAlreadyExists for a constraint, kUnavailable for a full disk, a locked or unreadable file,
// kDataLoss for a damaged one, each with the path.
class Database {
 public:
  // Opens or makes the file: WAL, synchronous=FULL (what is committed survives power loss), foreign
  // keys on.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements without parameters.
  absl::Status Execute(const std::string& sql);

  // Runs one statement; `each` sees every row of its answer, if any. Prepared once per text.
  template <typename... Args>
  absl::Status Query(const std::string& sql,
                     const std::function<void(const Row&)>& each,
                     const Args&... args) {
    absl::StatusOr<sqlite3_stmt*> statement = Prepare(sql);
    if (!statement.ok()) {
      return statement.status();
    }
    int index = 0;
    (Bind(*statement, ++index, args), ...);
    return Step(*statement, each);
  }

  template <typename... Args>
  absl::Status Run(const std::string& sql, const Args&... args) {
    return Query(sql, nullptr, args...);
  }

  // Ends the statement that another thread runs on it, if any, with an error. Safe from any thread.
  void Interrupt();

  // Rows changed by the last statement.
  int64_t Changes() const;

  // `work` in one transaction (BEGIN IMMEDIATE): committed if it answers OK, rolled back otherwise.
  absl::Status Transaction(const std::function<absl::Status()>& work);

  // `work`, which only reads, on the database as it is at its first query.
  absl::Status Snapshot(const std::function<absl::Status()>& work);

 private:
  absl::Status Bracket(const char* begin, const std::function<absl::Status()>& work);

  explicit Database(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<sqlite3_stmt*> Prepare(const std::string& sql);
  absl::Status Step(sqlite3_stmt* statement, const std::function<void(const Row&)>& each);
  absl::Status Error(std::string_view doing) const;
  static void Bind(sqlite3_stmt* statement, int index, int64_t value);
  static void Bind(sqlite3_stmt* statement, int index, std::string_view text);
  static void Bind(sqlite3_stmt* statement, int index, const Digest& digest);

  static void Bind(sqlite3_stmt* statement, int index, absl::Time time) {
    Bind(statement, index, Micros(time));
  }

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace fettle::server::sqlite
