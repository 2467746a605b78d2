// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/tokens.h"

#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/store/sqlite/fleet.h"
#include "server/store/sqlite/log.h"

namespace fettle::server::sqlite {
namespace {

constexpr char kColumns[] =
    "SELECT id, secret, subject, uses_left, expires, name, channel, labels, role, created_by, "
    "revoked, filter FROM tokens ";

// Labels as "key\x1fvalue" records that end in \x1e: label texts hold no control characters.
std::string PackLabels(const Labels& labels) {
  std::string packed;
  for (const auto& [key, value] : labels) {
    packed += fmt::format("{}\x1f{}\x1e", key, value);
  }
  return packed;
}

Labels UnpackLabels(std::string_view packed) {
  Labels labels;
  for (const std::string_view one : Split(packed, '\x1e')) {
    if (const std::size_t at = one.find('\x1f'); at != std::string_view::npos) {
      labels.emplace(one.substr(0, at), one.substr(at + 1));
    }
  }
  return labels;
}

TokenRecord ReadToken(const Row& row) {
  TokenRecord token;
  token.id = row.Text(0);
  token.secret = row.AsDigest(1);
  token.subject = static_cast<Subject>(row.Integer(2));
  token.uses_left = static_cast<uint32_t>(row.Integer(3));
  token.expires = row.Time(4);
  token.name = row.Text(5);
  token.channel = row.Text(6);
  token.labels = UnpackLabels(row.Bytes(7));
  token.role = row.Text(8);
  token.created_by = row.Text(9);
  token.revoked = row.Bool(10);
  token.filter = row.Text(11);
  return token;
}

absl::Status CheckToken(const TokenRecord& token,
                        Subject subject,
                        const std::string& name,
                        absl::Time now) {
  if (token.revoked) {
    return PermissionDenied("this token was revoked; ask for a new one");
  }
  if (now >= token.expires) {
    return PermissionDenied("this token expired at {}; ask for a new one", Rfc3339(token.expires));
  }
  if (token.uses_left == 0) {
    return PermissionDenied("this token is spent; ask for a new one");
  }
  if (token.subject != subject) {
    return PermissionDenied("this token is for a {}, not for a {}",
                            token.subject == Subject::kHost ? "host" : "user",
                            subject == Subject::kHost ? "host" : "user");
  }
  if (!token.name.empty() && !name.empty() && token.name != name) {
    return PermissionDenied(
        "this token is for the name \"{}\" alone, not for \"{}\"", token.name, name);
  }
  if (token.name.empty() && name.empty()) {
    return InvalidArgument("neither the token nor the request says a name");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenRecord> TakeToken(Database& database,
                                      const Digest& secret,
                                      Subject subject,
                                      const std::string& name,
                                      absl::Time now) {
  std::vector<TokenRecord> found;
  RETURN_IF_ERROR(database.Query(
      std::string(kColumns) + "WHERE secret = ?",
      [&](const Row& row) { found.push_back(ReadToken(row)); },
      secret));
  if (found.empty()) {
    return PermissionDenied("this token is unknown to the server; was it made by another one?");
  }
  RETURN_IF_ERROR(CheckToken(found.front(), subject, name, now));
  RETURN_IF_ERROR(
      database.Run("UPDATE tokens SET uses_left = uses_left - 1 WHERE id = ?", found.front().id));
  --found.front().uses_left;
  return found.front();
}

absl::Status SqliteFleetStore::AddToken(const TokenRecord& token, const AuditEntry& act) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Run("INSERT INTO tokens VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                 token.id,
                                 token.secret,
                                 static_cast<int64_t>(token.subject),
                                 static_cast<int64_t>(token.uses_left),
                                 token.expires,
                                 token.name,
                                 token.channel,
                                 PackLabels(token.labels),
                                 token.role,
                                 token.created_by,
                                 int64_t{token.revoked},
                                 token.filter));
    return WriteAct(database, act, act.time);
  });
}

absl::StatusOr<std::vector<TokenRecord>> SqliteFleetStore::ListTokens() {
  std::vector<TokenRecord> tokens;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(std::string(kColumns) + "ORDER BY id DESC",
                          [&](const Row& row) { tokens.push_back(ReadToken(row)); });
  }));
  return tokens;
}

absl::Status SqliteFleetStore::RevokeToken(const std::string& id, const AuditEntry& act) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Run("UPDATE tokens SET revoked = 1 WHERE id = ?", id));
    if (database.Changes() == 0) {
      return NotFound("there is no token {}", id);
    }
    return WriteAct(database, act, act.time);
  });
}

}  // namespace fettle::server::sqlite
