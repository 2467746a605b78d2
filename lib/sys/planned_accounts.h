// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/sys/accounts.h"
#include "lib/sys/planned_world.h"

namespace fettle::sys {

// Accounts as they would be after the planned steps. Numbers of accounts that are yet to be made
// are chosen as the account tools would, and so are predictions.
class PlannedAccounts final : public AccountReader, public AccountWriter {
 public:
  PlannedAccounts(const AccountReader& base, PlannedWorld& world) : base_(base), world_(world) {}

  // A system account that another step brings along, without an operation of its own. Nothing when
  // there is one of that name.
  void BringUser(const std::string& name, Confidence confidence);
  void BringGroup(const std::string& name, Confidence confidence);

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
  template <typename Account>
  struct Entry {
    std::optional<Account> account;  // nullopt: would be gone.
    Confidence confidence = Confidence::kPredicted;
  };

  uint32_t FreeUid(bool system) const;
  uint32_t FreeGid(bool system) const;
  absl::Status Change(User* user, const UserChange& change);
  absl::StatusOr<uint32_t> PrimaryGroup(const std::string& name_or_gid) const;
  void JoinGroups(const std::string& user, const std::vector<std::string>& groups);

  const AccountReader& base_;
  PlannedWorld& world_;
  std::map<std::string, Entry<User>> users_;
  std::map<std::string, Entry<Group>> groups_;
};

}  // namespace fettle::sys
