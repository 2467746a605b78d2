// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/planned_accounts.h"

#include <algorithm>
#include <limits>
#include <set>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::sys {
namespace {

constexpr uint32_t kFirstNormal = 1000;
constexpr uint32_t kLastNormal = 59999;
constexpr uint32_t kLastSystem = 999;
constexpr uint32_t kFirstSystem = 100;

template <typename Taken>
uint32_t FreeId(bool system, const Taken& taken) {
  if (system) {
    for (uint32_t id = kLastSystem; id >= kFirstSystem; --id) {
      if (!taken(id)) {
        return id;
      }
    }
  }
  uint32_t id = kFirstNormal;
  while (id < kLastNormal && taken(id)) {
    ++id;
  }
  return id;
}

}  // namespace

uint32_t PlannedAccounts::FreeUid(bool system) const {
  return FreeId(system, [this](uint32_t uid) { return FindUser(uid).ok(); });
}

uint32_t PlannedAccounts::FreeGid(bool system) const {
  return FreeId(system, [this](uint32_t gid) { return FindGroup(gid).ok(); });
}

void PlannedAccounts::BringGroup(const std::string& name, Confidence confidence) {
  if (!FindGroup(name).ok()) {
    groups_[name] = {Group{.name = name, .gid = FreeGid(true), .members = {}}, confidence};
  }
}

void PlannedAccounts::BringUser(const std::string& name, Confidence confidence) {
  if (FindUser(name).ok()) {
    return;
  }
  BringGroup(name, confidence);
  User user;
  user.name = name;
  user.uid = FreeUid(true);
  user.gid = groups_.contains(name) ? groups_[name].account->gid : user.uid;
  user.home = "/nonexistent";
  user.shell = "/usr/sbin/nologin";
  user.locked = true;
  users_[name] = {user, confidence};
}

absl::StatusOr<User> PlannedAccounts::FindUser(const std::string& name) const {
  const auto at = users_.find(name);
  if (at == users_.end()) {
    return base_.FindUser(name);
  }
  world_.Rely(at->second.confidence);
  if (!at->second.account.has_value()) {
    return NotFound("user {}: would be gone", name);
  }
  return *at->second.account;
}

absl::StatusOr<User> PlannedAccounts::FindUser(uint32_t uid) const {
  for (const auto& [name, entry] : users_) {
    if (entry.account.has_value() && entry.account->uid == uid) {
      world_.Rely(entry.confidence);
      return *entry.account;
    }
  }
  absl::StatusOr<User> user = base_.FindUser(uid);
  return user.ok() && users_.contains(user->name) ? NotFound("no user has the uid {}", uid) : user;
}

absl::StatusOr<Group> PlannedAccounts::FindGroup(const std::string& name) const {
  const auto at = groups_.find(name);
  if (at == groups_.end()) {
    return base_.FindGroup(name);
  }
  world_.Rely(at->second.confidence);
  if (!at->second.account.has_value()) {
    return NotFound("group {}: would be gone", name);
  }
  return *at->second.account;
}

absl::StatusOr<Group> PlannedAccounts::FindGroup(uint32_t gid) const {
  for (const auto& [name, entry] : groups_) {
    if (entry.account.has_value() && entry.account->gid == gid) {
      world_.Rely(entry.confidence);
      return *entry.account;
    }
  }
  absl::StatusOr<Group> group = base_.FindGroup(gid);
  return group.ok() && groups_.contains(group->name) ? NotFound("no group has the gid {}", gid)
                                                     : group;
}

absl::StatusOr<std::vector<std::string>> PlannedAccounts::GroupsOf(const std::string& user) const {
  absl::StatusOr<std::vector<std::string>> now = base_.GroupsOf(user);
  if (groups_.empty()) {
    return now;
  }
  std::set<std::string> names;
  if (now.ok()) {
    names.insert(now->begin(), now->end());
  }
  for (const auto& [name, entry] : groups_) {
    const bool member =
        entry.account.has_value() &&
        std::count(entry.account->members.begin(), entry.account->members.end(), user) > 0;
    if (member) {
      names.insert(name);
    } else {
      names.erase(name);
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

std::vector<std::string> PlannedAccounts::ProcessesOf(uint32_t uid, std::size_t most) const {
  return base_.ProcessesOf(uid, most);
}

absl::StatusOr<uint32_t> PlannedAccounts::PrimaryGroup(const std::string& name_or_gid) const {
  int64_t gid = 0;
  if (ParseInt(name_or_gid, &gid) && gid >= 0 && gid <= std::numeric_limits<uint32_t>::max()) {
    return static_cast<uint32_t>(gid);
  }
  ASSIGN_OR_RETURN(const Group group, FindGroup(name_or_gid));
  return group.gid;
}

absl::Status PlannedAccounts::Change(User* user, const UserChange& change) {
  user->uid = change.uid.value_or(user->uid);
  if (change.primary_group.has_value()) {
    ASSIGN_OR_RETURN(user->gid, PrimaryGroup(*change.primary_group));
  }
  user->comment = change.comment.value_or(user->comment);
  user->home = change.home.value_or(user->home);
  user->shell = change.shell.value_or(user->shell);
  user->password_hash = change.password_hash.value_or(user->password_hash);
  user->locked = change.locked.value_or(user->locked);
  user->expires_day = change.expires_day.value_or(user->expires_day);
  return absl::OkStatus();
}

void PlannedAccounts::JoinGroups(const std::string& user, const std::vector<std::string>& groups) {
  const std::vector<std::string> before = GroupsOf(user).value_or(std::vector<std::string>());
  std::set<std::string> concerned(before.begin(), before.end());
  concerned.insert(groups.begin(), groups.end());
  for (const std::string& name : concerned) {
    absl::StatusOr<Group> group = FindGroup(name);
    if (!group.ok()) {
      continue;
    }
    std::erase(group->members, user);
    if (std::count(groups.begin(), groups.end(), name) > 0) {
      group->members.push_back(user);
      std::sort(group->members.begin(), group->members.end());
    }
    groups_[name] = {*group, Confidence::kPredicted};
  }
}

absl::Status PlannedAccounts::CreateUser(const std::string& name,
                                         const UserChange& change,
                                         Deadline /*deadline*/) {
  if (FindUser(name).ok()) {
    return FailedPrecondition("user {}: is there already", name);
  }
  User user;
  user.name = name;
  user.uid = change.uid.has_value() ? *change.uid : FreeUid(change.system);
  user.home = "/home/" + name;
  user.locked = !change.password_hash.has_value();
  if (!change.primary_group.has_value()) {
    BringGroup(name, Confidence::kPredicted);
    ASSIGN_OR_RETURN(const Group own, FindGroup(name));
    user.gid = own.gid;
  }
  RETURN_IF_ERROR(Change(&user, change));
  users_[name] = {user, Confidence::kPredicted};
  JoinGroups(name, change.groups.value_or(std::vector<std::string>()));
  world_.Note(change.uid.has_value() ? fmt::format("create user {} (uid {})", name, user.uid)
                                     : fmt::format("create user {} (next free uid)", name));
  if (change.create_home) {
    world_.Note(fmt::format("make home {} of {}", user.home, name));
  }
  return absl::OkStatus();
}

absl::Status PlannedAccounts::ChangeUser(const std::string& name,
                                         const UserChange& change,
                                         Deadline /*deadline*/) {
  ASSIGN_OR_RETURN(User user, FindUser(name));
  RETURN_IF_ERROR(Change(&user, change));
  users_[name] = {user, Confidence::kPredicted};
  if (change.groups.has_value()) {
    JoinGroups(name, *change.groups);
  }
  world_.Note(fmt::format("change user {}", name));
  return absl::OkStatus();
}

absl::Status PlannedAccounts::RemoveUser(const std::string& name,
                                         const UserRemoval& removal,
                                         Deadline /*deadline*/) {
  users_[name] = {std::nullopt, Confidence::kPredicted};
  JoinGroups(name, {});
  world_.Note(fmt::format("remove user {}{}", name, removal.remove_home ? " with its home" : ""));
  return absl::OkStatus();
}

absl::Status PlannedAccounts::CreateGroup(const std::string& name,
                                          const GroupChange& change,
                                          Deadline /*deadline*/) {
  Group group;
  group.name = name;
  group.gid = change.gid.has_value() ? *change.gid : FreeGid(change.system);
  group.members = change.members.value_or(std::vector<std::string>());
  groups_[name] = {group, Confidence::kPredicted};
  world_.Note(change.gid.has_value() ? fmt::format("create group {} (gid {})", name, group.gid)
                                     : fmt::format("create group {} (next free gid)", name));
  return absl::OkStatus();
}

absl::Status PlannedAccounts::ChangeGroup(const std::string& name,
                                          const GroupChange& change,
                                          Deadline /*deadline*/) {
  ASSIGN_OR_RETURN(Group group, FindGroup(name));
  group.gid = change.gid.value_or(group.gid);
  group.members = change.members.value_or(group.members);
  groups_[name] = {group, Confidence::kPredicted};
  world_.Note(fmt::format("change group {}", name));
  return absl::OkStatus();
}

absl::Status PlannedAccounts::RemoveGroup(const std::string& name, Deadline /*deadline*/) {
  groups_[name] = {std::nullopt, Confidence::kPredicted};
  world_.Note(fmt::format("remove group {}", name));
  return absl::OkStatus();
}

}  // namespace fettle::sys
