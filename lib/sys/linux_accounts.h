// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/sys/accounts.h"
#include "lib/sys/passwd_files.h"

namespace fettle::sys {

// Local accounts: looks are answered from one reading of the files below `root`, changes are made
// with the distribution's tools (account_tools.h), on the machine's own root only. Safe from many
// threads.
class LinuxAccounts final : public AccountReader, public AccountWriter {
 public:
  explicit LinuxAccounts(std::string root) : root_(std::move(root)) {}

  // The next look reads the files anew.
  void Forget() const;

  absl::StatusOr<User> FindUser(const std::string& name) const override;
  absl::StatusOr<User> FindUser(uint32_t uid) const override;
  absl::StatusOr<Group> FindGroup(const std::string& name) const override;
  absl::StatusOr<Group> FindGroup(uint32_t gid) const override;
  absl::StatusOr<std::vector<std::string>> GroupsOf(const std::string& user) const override;
  std::vector<std::string> ProcessesOf(uint32_t uid, std::size_t most) const override;

  absl::Status CreateUser(const std::string& name,
                          const UserChange& change,
                          Deadline deadline) override;
  absl::Status ChangeUser(const std::string& name,
                          const UserChange& change,
                          Deadline deadline) override;
  absl::Status RemoveUser(const std::string& name,
                          const UserRemoval& removal,
                          Deadline deadline) override;
  absl::Status CreateGroup(const std::string& name,
                           const GroupChange& change,
                           Deadline deadline) override;
  absl::Status ChangeGroup(const std::string& name,
                           const GroupChange& change,
                           Deadline deadline) override;
  absl::Status RemoveGroup(const std::string& name, Deadline deadline) override;

 private:
  absl::StatusOr<std::shared_ptr<const AccountFiles>> Files() const;
  absl::Status RunTools(const std::vector<std::vector<std::string>>& commands, Deadline deadline);
  absl::Status SetPassword(const std::string& name, const UserChange& change, Deadline deadline);

  const std::string root_;
  mutable absl::Mutex mutex_;
  // Shared with those who are reading it while it is forgotten.
  mutable std::shared_ptr<const AccountFiles> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::sys
