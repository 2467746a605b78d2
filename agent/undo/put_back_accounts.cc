// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/put_back_accounts.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::undo {
namespace {

// Those of `names` that exist, since a group can't be given others.
std::vector<std::string> Existing(std::vector<std::string> names,
                                  const sys::AccountReader& accounts) {
  std::erase_if(names, [&](const std::string& name) { return !accounts.FindUser(name).ok(); });
  return names;
}

std::vector<std::string> ExistingGroups(std::vector<std::string> names,
                                        const sys::AccountReader& accounts) {
  std::erase_if(names, [&](const std::string& name) { return !accounts.FindGroup(name).ok(); });
  return names;
}

sys::UserChange ChangeTo(const Wanted& wanted, const sys::AccountReader& accounts) {
  sys::User user;
  DecodeAccount(PartOf(*wanted.before, "account"), &user);
  DecodePassword(PartOf(*wanted.before, "password"), &user);
  sys::UserChange change;
  change.uid = user.uid;
  change.primary_group = fmt::format("{}", user.gid);
  change.comment = user.comment;
  change.home = user.home;
  change.shell = user.shell;
  change.expires_day = user.expires_day;
  change.password_hash = user.password_hash;
  change.locked = user.locked;
  change.groups = ExistingGroups(DecodeNames(PartOf(*wanted.before, "groups")), accounts);
  return change;
}

// Only what differs, so that no tool is asked to set what is so already.
void DropEqual(const sys::User& now,
               const std::vector<std::string>& groups,
               sys::UserChange* change) {
  const auto drop = [](auto* field, const auto& present) {
    if (*field == present) {
      field->reset();
    }
  };
  drop(&change->uid, now.uid);
  drop(&change->primary_group, fmt::format("{}", now.gid));
  drop(&change->comment, now.comment);
  drop(&change->home, now.home);
  drop(&change->shell, now.shell);
  drop(&change->expires_day, now.expires_day);
  drop(&change->password_hash, now.password_hash);
  drop(&change->locked, now.locked);
  drop(&change->groups, groups);
}

}  // namespace

absl::Status PutBackUser(const Wanted& wanted, sys::Host& host, Deadline deadline) {
  const std::string& name = wanted.thing->name;
  const absl::StatusOr<sys::User> now = host.accounts().FindUser(name);
  if (!now.ok() && !absl::IsNotFound(now.status())) {
    return now.status();
  }
  if (wanted.removes()) {
    return now.ok() ? host.write_accounts().RemoveUser(name, {}, deadline) : absl::OkStatus();
  }
  sys::UserChange change = ChangeTo(wanted, host.accounts());
  if (!now.ok()) {
    // An account can't be made without its primary group, even one that had none.
    sys::User former;
    DecodeAccount(PartOf(*wanted.before, "account"), &former);
    if (!host.accounts().FindGroup(former.gid).ok() && !host.accounts().FindGroup(name).ok()) {
      sys::GroupChange group;
      group.gid = former.gid;
      RETURN_IF_ERROR(host.write_accounts().CreateGroup(name, group, deadline));
    }
    return host.write_accounts().CreateUser(name, change, deadline);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> groups, host.accounts().GroupsOf(name));
  DropEqual(*now, groups, &change);
  return host.write_accounts().ChangeUser(name, change, deadline);
}

absl::Status PutBackGroup(const Wanted& wanted, sys::Host& host, Deadline deadline) {
  const std::string& name = wanted.thing->name;
  const absl::StatusOr<sys::Group> now = host.accounts().FindGroup(name);
  if (!now.ok() && !absl::IsNotFound(now.status())) {
    return now.status();
  }
  if (wanted.removes()) {
    return now.ok() ? host.write_accounts().RemoveGroup(name, deadline) : absl::OkStatus();
  }
  int64_t gid = 0;
  if (!ParseInt(PartOf(*wanted.before, "gid"), &gid)) {
    return Internal("group {}: its former number is not known", name);
  }
  sys::GroupChange change;
  change.gid = static_cast<uint32_t>(gid);
  change.members = Existing(DecodeNames(PartOf(*wanted.before, "members")), host.accounts());
  if (!now.ok()) {
    return host.write_accounts().CreateGroup(name, change, deadline);
  }
  if (change.gid == now->gid) {
    change.gid.reset();
  }
  if (change.members == now->members) {
    change.members.reset();
  }
  return host.write_accounts().ChangeGroup(name, change, deadline);
}

}  // namespace fettle::undo
