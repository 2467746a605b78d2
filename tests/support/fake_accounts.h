// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/sys/accounts.h"
#include "tests/support/fake_calls.h"
#include "tests/support/fake_files.h"

namespace fettle::testing {

// The local accounts of a FakeHost: root at first. Behaves as Debian's useradd and its kin with
// their default settings (USERGROUPS_ENAB yes, ids from 1000, system ids from 999 down).
class FakeAccounts final : public sys::AccountReader, public sys::AccountWriter {
 public:
  FakeAccounts(FakeCalls& calls, FakeFiles& files);

  // --- For tests: neither counted nor logged ---

  // Adds or replaces.
  void Put(const sys::User& user);
  void Put(const sys::Group& group);
  // The account as it is, to be changed at will. Aborts when there is none.
  sys::User& EditUser(const std::string& name);
  sys::Group& EditGroup(const std::string& name);
  void DeleteUser(const std::string& name);
  void DeleteGroup(const std::string& name);
  bool HasUser(const std::string& name) const;
  bool HasGroup(const std::string& name) const;
  // "1234 sleep" runs as `uid`.
  void AddProcess(uint32_t uid, const std::string& process);

  // AccountReader
  absl::StatusOr<sys::User> FindUser(const std::string& name) const override;
  absl::StatusOr<sys::User> FindUser(uint32_t uid) const override;
  absl::StatusOr<sys::Group> FindGroup(const std::string& name) const override;
  absl::StatusOr<sys::Group> FindGroup(uint32_t gid) const override;
  absl::StatusOr<std::vector<std::string>> GroupsOf(const std::string& user) const override;
  std::vector<std::string> ProcessesOf(uint32_t uid, std::size_t most) const override;

  // AccountWriter
  absl::Status CreateUser(const std::string& name,
                          const sys::UserChange& change,
                          Deadline deadline) override;
  absl::Status ChangeUser(const std::string& name,
                          const sys::UserChange& change,
                          Deadline deadline) override;
  absl::Status RemoveUser(const std::string& name,
                          const sys::UserRemoval& removal,
                          Deadline deadline) override;
  absl::Status CreateGroup(const std::string& name,
                           const sys::GroupChange& change,
                           Deadline deadline) override;
  absl::Status ChangeGroup(const std::string& name,
                           const sys::GroupChange& change,
                           Deadline deadline) override;
  absl::Status RemoveGroup(const std::string& name, Deadline deadline) override;

 private:
  bool UidTaken(uint32_t uid) const;
  bool GidTaken(uint32_t gid) const;
  uint32_t FreeId(bool system) const;  // Free as uid and as gid.
  // The gid of a group given by name or number; kFailedPrecondition when there is none.
  absl::StatusOr<uint32_t> GidOf(const std::string& group) const;
  absl::Status CheckUserChange(const std::string& name, const sys::UserChange& change) const;
  absl::Status CheckGroupChange(const std::string& name, const sys::GroupChange& change) const;
  void SetGroups(const std::string& user, const std::vector<std::string>& groups);
  void AssignFields(const sys::UserChange& change, sys::User* user);

  FakeCalls& calls_;
  FakeFiles& files_;
  std::map<std::string, sys::User> users_;
  std::map<std::string, sys::Group> groups_;
  std::map<uint32_t, std::vector<std::string>> processes_;
};

}  // namespace fettle::testing
