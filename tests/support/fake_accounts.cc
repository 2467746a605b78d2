// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_accounts.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

template <typename Map>
auto& AtOrAbort(Map& map, const std::string& name) {
  const auto found = map.find(name);
  if (found == map.end()) {
    std::cerr << "FakeAccounts: no account " << name << "\n";
    std::abort();
  }
  return found->second;
}

}  // namespace

FakeAccounts::FakeAccounts(FakeCalls& calls, FakeFiles& files) : calls_(calls), files_(files) {
  sys::User root;
  root.name = "root";
  root.home = "/root";
  root.shell = "/bin/bash";
  Put(root);
  sys::Group group;
  group.name = "root";
  Put(group);
}

void FakeAccounts::Put(const sys::User& user) {
  const Lock lock(calls_.mutex());
  users_[user.name] = user;
}

void FakeAccounts::Put(const sys::Group& group) {
  const Lock lock(calls_.mutex());
  groups_[group.name] = group;
}

sys::User& FakeAccounts::EditUser(const std::string& name) {
  const Lock lock(calls_.mutex());
  return AtOrAbort(users_, name);
}

sys::Group& FakeAccounts::EditGroup(const std::string& name) {
  const Lock lock(calls_.mutex());
  return AtOrAbort(groups_, name);
}

void FakeAccounts::DeleteUser(const std::string& name) {
  const Lock lock(calls_.mutex());
  users_.erase(name);
  SetGroups(name, {});
}

void FakeAccounts::DeleteGroup(const std::string& name) {
  const Lock lock(calls_.mutex());
  groups_.erase(name);
}

bool FakeAccounts::HasUser(const std::string& name) const {
  const Lock lock(calls_.mutex());
  return users_.contains(name);
}

bool FakeAccounts::HasGroup(const std::string& name) const {
  const Lock lock(calls_.mutex());
  return groups_.contains(name);
}

void FakeAccounts::AddProcess(uint32_t uid, const std::string& process) {
  const Lock lock(calls_.mutex());
  processes_[uid].push_back(process);
}

absl::StatusOr<sys::User> FakeAccounts::FindUser(const std::string& name) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("FindUser {}", name)));
  const auto found = users_.find(name);
  if (found == users_.end()) {
    return NotFound("user {}: no such local user", name);
  }
  return found->second;
}

absl::StatusOr<sys::User> FakeAccounts::FindUser(uint32_t uid) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("FindUser {}", uid)));
  for (const auto& [name, user] : users_) {
    if (user.uid == uid) {
      return user;
    }
  }
  return NotFound("uid {}: no such local user", uid);
}

absl::StatusOr<sys::Group> FakeAccounts::FindGroup(const std::string& name) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("FindGroup {}", name)));
  const auto found = groups_.find(name);
  if (found == groups_.end()) {
    return NotFound("group {}: no such local group", name);
  }
  return found->second;
}

absl::StatusOr<sys::Group> FakeAccounts::FindGroup(uint32_t gid) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("FindGroup {}", gid)));
  for (const auto& [name, group] : groups_) {
    if (group.gid == gid) {
      return group;
    }
  }
  return NotFound("gid {}: no such local group", gid);
}

absl::StatusOr<std::vector<std::string>> FakeAccounts::GroupsOf(const std::string& user) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("GroupsOf {}", user)));
  std::vector<std::string> names;
  for (const auto& [name, group] : groups_) {
    if (std::find(group.members.begin(), group.members.end(), user) != group.members.end()) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> FakeAccounts::ProcessesOf(uint32_t uid, std::size_t most) const {
  const Lock lock(calls_.mutex());
  if (!calls_.Begin(false, fmt::format("ProcessesOf {}", uid)).ok()) {
    return {};
  }
  const auto found = processes_.find(uid);
  std::vector<std::string> some =
      found == processes_.end() ? std::vector<std::string>() : found->second;
  some.resize(std::min(some.size(), most));
  return some;
}

bool FakeAccounts::UidTaken(uint32_t uid) const {
  return std::any_of(
      users_.begin(), users_.end(), [uid](const auto& entry) { return entry.second.uid == uid; });
}

bool FakeAccounts::GidTaken(uint32_t gid) const {
  return std::any_of(
      groups_.begin(), groups_.end(), [gid](const auto& entry) { return entry.second.gid == gid; });
}

uint32_t FakeAccounts::FreeId(bool system) const {
  uint32_t id = system ? 999 : 1000;
  while (UidTaken(id) || GidTaken(id)) {
    id = system ? id - 1 : id + 1;
  }
  return id;
}

absl::StatusOr<uint32_t> FakeAccounts::GidOf(const std::string& group) const {
  if (const auto found = groups_.find(group); found != groups_.end()) {
    return found->second.gid;
  }
  int64_t gid = 0;
  if (ParseInt(group, &gid) && gid >= 0 && GidTaken(static_cast<uint32_t>(gid))) {
    return static_cast<uint32_t>(gid);
  }
  return FailedPrecondition("group '{}' does not exist", group);
}

absl::Status FakeAccounts::CheckUserChange(const std::string& name,
                                           const sys::UserChange& change) const {
  const auto user = users_.find(name);
  const bool keeps_uid = user != users_.end() && change.uid == user->second.uid;
  if (change.uid.has_value() && !keeps_uid && UidTaken(*change.uid)) {
    return FailedPrecondition("user {}: UID {} is not unique", name, *change.uid);
  }
  if (change.primary_group.has_value()) {
    RETURN_IF_ERROR(Annotate(GidOf(*change.primary_group).status(), fmt::format("user {}", name)));
  }
  for (const std::string& group : change.groups.value_or(std::vector<std::string>())) {
    RETURN_IF_ERROR(Annotate(GidOf(group).status(), fmt::format("user {}", name)));
  }
  return absl::OkStatus();
}

void FakeAccounts::SetGroups(const std::string& user, const std::vector<std::string>& groups) {
  for (auto& [name, group] : groups_) {
    std::erase(group.members, user);
    if (std::find(groups.begin(), groups.end(), name) != groups.end()) {
      group.members.push_back(user);
      std::sort(group.members.begin(), group.members.end());
    }
  }
}

void FakeAccounts::AssignFields(const sys::UserChange& change, sys::User* user) {
  user->uid = change.uid.value_or(user->uid);
  user->comment = change.comment.value_or(user->comment);
  user->home = change.home.value_or(user->home);
  user->shell = change.shell.value_or(user->shell);
  user->password_hash = change.password_hash.value_or(user->password_hash);
  user->locked = change.locked.value_or(user->locked);
  user->expires_day = change.expires_day.value_or(user->expires_day);
  if (change.groups.has_value()) {
    SetGroups(user->name, *change.groups);
  }
}

absl::Status FakeAccounts::CreateUser(const std::string& name,
                                      const sys::UserChange& change,
                                      Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("CreateUser {}", name), deadline));
  if (users_.contains(name)) {
    return FailedPrecondition("user {}: already exists", name);
  }
  RETURN_IF_ERROR(CheckUserChange(name, change));
  if (!change.primary_group.has_value() && groups_.contains(name)) {
    return FailedPrecondition("user {}: group {} exists; name it as primary_group", name, name);
  }
  sys::User user;
  user.name = name;
  user.uid = FreeId(change.system);
  user.home = fmt::format("/home/{}", name);
  user.shell = "/bin/sh";
  user.locked = !change.password_hash.has_value();
  AssignFields(change, &user);
  if (change.primary_group.has_value()) {
    user.gid = GidOf(*change.primary_group).value();
  } else {
    user.gid = GidTaken(user.uid) ? FreeId(change.system) : user.uid;
    groups_[name] = {name, user.gid, {}};
  }
  if (change.create_home && !files_.Exists(user.home)) {
    files_.PutDirectory(user.home, {0700, user.uid, user.gid});
  }
  users_[name] = user;
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeAccounts::ChangeUser(const std::string& name,
                                      const sys::UserChange& change,
                                      Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("ChangeUser {}", name), deadline));
  const auto found = users_.find(name);
  if (found == users_.end()) {
    return NotFound("user {}: does not exist", name);
  }
  RETURN_IF_ERROR(CheckUserChange(name, change));
  sys::User& user = found->second;
  const std::string old_home = user.home;
  AssignFields(change, &user);
  if (change.primary_group.has_value()) {
    user.gid = GidOf(*change.primary_group).value();
  }
  if (change.move_home && user.home != old_home && files_.Exists(old_home)) {
    files_.PutDirectory(user.home, files_.Access(old_home).value());
    files_.Delete(old_home);
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeAccounts::RemoveUser(const std::string& name,
                                      const sys::UserRemoval& removal,
                                      Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("RemoveUser {}", name), deadline));
  const auto found = users_.find(name);
  if (found == users_.end()) {
    return NotFound("user {}: does not exist", name);
  }
  if (const auto busy = processes_.find(found->second.uid);
      busy != processes_.end() && !busy->second.empty() && !removal.force) {
    return FailedPrecondition("user {}: is used by process {}", name, busy->second.front());
  }
  const sys::User user = found->second;
  users_.erase(found);
  SetGroups(name, {});
  const auto own = groups_.find(name);
  if (own != groups_.end() && own->second.gid == user.gid && own->second.members.empty()) {
    groups_.erase(own);
  }
  if (removal.remove_home) {
    files_.Delete(user.home);
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeAccounts::CheckGroupChange(const std::string& name,
                                            const sys::GroupChange& change) const {
  const auto group = groups_.find(name);
  const bool keeps_gid = group != groups_.end() && change.gid == group->second.gid;
  if (change.gid.has_value() && !keeps_gid && GidTaken(*change.gid)) {
    return FailedPrecondition("group {}: GID {} is not unique", name, *change.gid);
  }
  for (const std::string& member : change.members.value_or(std::vector<std::string>())) {
    if (!users_.contains(member)) {
      return FailedPrecondition("group {}: user '{}' does not exist", name, member);
    }
  }
  return absl::OkStatus();
}

absl::Status FakeAccounts::CreateGroup(const std::string& name,
                                       const sys::GroupChange& change,
                                       Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("CreateGroup {}", name), deadline));
  if (groups_.contains(name)) {
    return FailedPrecondition("group {}: already exists", name);
  }
  RETURN_IF_ERROR(CheckGroupChange(name, change));
  sys::Group group{name, change.gid.value_or(FreeId(change.system)), {}};
  group.members = change.members.value_or(std::vector<std::string>());
  std::sort(group.members.begin(), group.members.end());
  groups_[name] = group;
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeAccounts::ChangeGroup(const std::string& name,
                                       const sys::GroupChange& change,
                                       Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("ChangeGroup {}", name), deadline));
  const auto found = groups_.find(name);
  if (found == groups_.end()) {
    return NotFound("group {}: does not exist", name);
  }
  RETURN_IF_ERROR(CheckGroupChange(name, change));
  sys::Group& group = found->second;
  if (change.gid.has_value()) {
    for (auto& [user_name, user] : users_) {
      user.gid = user.gid == group.gid ? *change.gid : user.gid;  // As groupmod does.
    }
    group.gid = *change.gid;
  }
  group.members = change.members.value_or(group.members);
  std::sort(group.members.begin(), group.members.end());
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeAccounts::RemoveGroup(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("RemoveGroup {}", name), deadline));
  const auto found = groups_.find(name);
  if (found == groups_.end()) {
    return NotFound("group {}: does not exist", name);
  }
  for (const auto& [user_name, user] : users_) {
    if (user.gid == found->second.gid) {
      return FailedPrecondition(
          "group {}: cannot remove the primary group of user '{}'", name, user_name);
    }
  }
  groups_.erase(found);
  calls_.Wrote();
  return absl::OkStatus();
}

}  // namespace fettle::testing
