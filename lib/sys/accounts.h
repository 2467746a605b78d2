// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

// A local account: passwd(5) and shadow(5) as they stand in the files, never a directory service's.
struct User {
  std::string name;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string comment;
  std::string home;
  std::string shell = {};
  std::string password_hash = {};  // shadow's second field without a leading "!" ; "" when there is
                                   // none or it is "*".
  bool locked = false;             // The field begins with "!" or is "*".
  int64_t expires_day = -1;        // Days since 1970-01-01, -1 never.
};

struct Group {
  std::string name;
  uint32_t gid = 0;
  std::vector<std::string>
      members;  // As written in group(5), sorted: users for whom it is supplementary.
};

// Looks at the local account files, read once a pass. kNotFound when there is no such account.
class AccountReader {
 public:
  virtual ~AccountReader() = default;

  virtual absl::StatusOr<User> FindUser(const std::string& name) const = 0;
  virtual absl::StatusOr<User> FindUser(uint32_t uid) const = 0;
  virtual absl::StatusOr<Group> FindGroup(const std::string& name) const = 0;
  virtual absl::StatusOr<Group> FindGroup(uint32_t gid) const = 0;

  // Names of the groups that list `user` as a member, sorted.
  virtual absl::StatusOr<std::vector<std::string>> GroupsOf(const std::string& user) const = 0;

  // Processes that run as `uid`, "pid command", at most `most`: why a user cannot be removed.
  virtual std::vector<std::string> ProcessesOf(uint32_t uid, std::size_t most) const = 0;
};

// What to make or change of an account; nullopt is left as it is (or to the system's default for a
// new one).
struct UserChange {
  std::optional<uint32_t> uid = {};
  std::optional<std::string> primary_group = {};  // Name or decimal gid.
  std::optional<std::string> comment = {};
  std::optional<std::string> home = {};
  std::optional<std::string> shell = {};
  std::optional<std::string> password_hash = {};  // Travels over a pipe, never in an argument list.
  std::optional<bool> locked = {};
  std::optional<int64_t> expires_day = {};
  std::optional<std::vector<std::string>> groups = {};  // Exactly these supplementary groups.
  bool create_home = false;                             // New accounts.
  bool move_home = false;                               // When `home` changes.
  bool system = false;                                  // New accounts: from the system range.
};

struct GroupChange {
  std::optional<uint32_t> gid = {};
  std::optional<std::vector<std::string>> members = {};  // Exactly these.
  bool system = false;
};

struct UserRemoval {
  bool remove_home = false;  // And the mail spool.
  // Also while processes of the user run, which then run on under a number without a name. The tool
  // then also takes the group of the same name, even if it is another user's primary one.
  bool force = false;
};

// Changes local accounts with the distribution's own tools (useradd, usermod …), so that their
// locking, ranges and hooks apply. Messages carry what the tool said.
class AccountWriter {
 public:
  virtual ~AccountWriter() = default;

  virtual absl::Status CreateUser(const std::string& name,
                                  const UserChange& change,
                                  Deadline deadline) = 0;
  virtual absl::Status ChangeUser(const std::string& name,
                                  const UserChange& change,
                                  Deadline deadline) = 0;
  virtual absl::Status RemoveUser(const std::string& name,
                                  const UserRemoval& removal,
                                  Deadline deadline) = 0;
  virtual absl::Status CreateGroup(const std::string& name,
                                   const GroupChange& change,
                                   Deadline deadline) = 0;
  virtual absl::Status ChangeGroup(const std::string& name,
                                   const GroupChange& change,
                                   Deadline deadline) = 0;
  virtual absl::Status RemoveGroup(const std::string& name, Deadline deadline) = 0;
};

}  // namespace fettle::sys
