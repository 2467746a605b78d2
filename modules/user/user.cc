// SPDX-License-Identifier: Apache-2.0
#include "modules/user/user.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/host.h"
#include "modules/user/expiry.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;
using sys::User;
using sys::UserChange;

using Names = std::vector<std::string>;

Value ListOf(const Names& names) {
  Value::List list;
  for (const std::string& name : names) {
    list.emplace_back(name);
  }
  return list;
}

Names SortedWithout(Names names, std::string_view left_out) {
  names.erase(std::remove(names.begin(), names.end(), left_out), names.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// An account file's answer: nullopt when there is no such account, other errors stay.
template <typename T>
absl::StatusOr<std::optional<T>> IfThere(absl::StatusOr<T> found) {
  if (found.ok()) {
    return std::optional<T>(*std::move(found));
  }
  if (absl::IsNotFound(found.status())) {
    return std::optional<T>();
  }
  return found.status();
}

// The group that a recipe names, by name or number.
absl::StatusOr<sys::Group> FindGroup(const std::string& group, const sys::AccountReader& accounts) {
  int64_t gid = 0;
  if (ParseInt(group, &gid) && gid >= 0) {
    return accounts.FindGroup(static_cast<uint32_t>(gid));
  }
  return accounts.FindGroup(group);
}

class UserResource final : public resource::Resource, public resource::Describable {
 public:
  UserResource(std::string_view name, Attributes attributes)
      : name_(name),
        declared_(std::move(attributes)),
        create_home_(declared_.Bool("create_home", !declared_.Bool("system", false))) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  std::vector<Difference> InspectFields(const User& user) const;
  std::vector<Difference> InspectPassword(const User& user) const;
  absl::StatusOr<std::optional<Difference>> InspectPrimaryGroup(
      const User& user, const sys::AccountReader& accounts) const;
  absl::StatusOr<std::optional<Difference>> InspectGroups(const User& user,
                                                          const sys::AccountReader& accounts) const;
  absl::Status CheckUid(const sys::AccountReader& accounts) const;
  absl::Status CheckGroups(const sys::AccountReader& accounts) const;
  absl::Status CheckRenumber(const User& user, const sys::AccountReader& accounts) const;
  absl::StatusOr<UserChange> NewUser(const sys::AccountReader& accounts) const;
  absl::StatusOr<UserChange> ChangeOf(std::span<const Difference> drift,
                                      const User& user,
                                      const sys::AccountReader& accounts) const;
  absl::Status SetField(const Difference& one, UserChange* change) const;
  absl::Status SetLocked(const User& user, UserChange* change) const;
  absl::Status NoPasswordToUnlock() const;
  absl::Status Remove(const User& user, sys::Host& host, Deadline deadline) const;

  std::string name_;
  Attributes declared_;
  bool create_home_;
};

std::vector<Difference> UserResource::InspectFields(const User& user) const {
  std::vector<Difference> differences;
  const auto compare = [&](const char* attribute, Value current) {
    const Value* const desired = declared_.Find(attribute);
    if (desired != nullptr && !(*desired == current)) {
      differences.push_back({attribute, std::move(current), *desired});
    }
  };
  compare("uid", int64_t{user.uid});
  compare("comment", user.comment);
  compare("home", user.home);
  compare("shell", user.shell);
  compare("expires", FormatExpiry(user.expires_day));
  compare("locked", user.locked);
  return differences;
}

std::vector<Difference> UserResource::InspectPassword(const User& user) const {
  const Value* const desired = declared_.Find("password_hash");
  if (desired == nullptr || declared_.Bool("password_on_create", false) ||
      desired->AsString() == user.password_hash) {
    return {};
  }
  return {{"password_hash",
           user.password_hash.empty() ? Value::Absent() : Value::Secret(user.password_hash),
           Value::Secret(desired->AsString())}};
}

absl::StatusOr<std::optional<Difference>> UserResource::InspectPrimaryGroup(
    const User& user, const sys::AccountReader& accounts) const {
  if (!declared_.Has("group")) {
    return std::nullopt;
  }
  const std::string wanted = declared_.String("group", "");
  ASSIGN_OR_RETURN(const auto group, IfThere(FindGroup(wanted, accounts)));
  if (wanted == std::to_string(user.gid) || (group.has_value() && group->gid == user.gid)) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const auto current, IfThere(accounts.FindGroup(user.gid)));
  return Difference{"group",
                    current.has_value() ? current->name : std::to_string(user.gid),
                    group.has_value() ? group->name : wanted};
}

absl::StatusOr<std::optional<Difference>> UserResource::InspectGroups(
    const User& user, const sys::AccountReader& accounts) const {
  if (!declared_.Has("groups")) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const auto primary, IfThere(accounts.FindGroup(user.gid)));
  const std::string primary_name =
      declared_.String("group", primary.has_value() ? primary->name : "");
  ASSIGN_OR_RETURN(Names have, accounts.GroupsOf(name_));
  have = SortedWithout(std::move(have), primary_name);
  Names wanted = SortedWithout(declared_.StringList("groups"), primary_name);
  const bool exact = declared_.Bool("exact_groups", false);
  if (exact ? wanted == have
            : std::includes(have.begin(), have.end(), wanted.begin(), wanted.end())) {
    return std::nullopt;
  }
  if (!exact) {
    wanted.insert(wanted.end(), have.begin(), have.end());
    wanted = SortedWithout(std::move(wanted), primary_name);
  }
  return Difference{"groups", ListOf(have), ListOf(wanted)};
}

absl::StatusOr<std::vector<Difference>> UserResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the user"));
  const sys::AccountReader& accounts = host.accounts();
  ASSIGN_OR_RETURN(const auto user, IfThere(accounts.FindUser(name_)));
  const bool wanted = !declared_.Bool("absent", false);
  if (user.has_value() != wanted) {
    return std::vector<Difference>{{"present", user.has_value(), wanted}};
  }
  if (!wanted) {
    return std::vector<Difference>();
  }
  std::vector<Difference> differences = InspectFields(*user);
  ASSIGN_OR_RETURN(std::optional<Difference> group, InspectPrimaryGroup(*user, accounts));
  ASSIGN_OR_RETURN(std::optional<Difference> groups, InspectGroups(*user, accounts));
  for (std::optional<Difference>* const one : {&group, &groups}) {
    if (one->has_value()) {
      differences.push_back(std::move(one->value()));
    }
  }
  for (Difference& one : InspectPassword(*user)) {
    differences.push_back(std::move(one));
  }
  return differences;
}

absl::Status UserResource::CheckUid(const sys::AccountReader& accounts) const {
  if (!declared_.Has("uid")) {
    return absl::OkStatus();
  }
  const auto uid = static_cast<uint32_t>(declared_.Integer("uid", 0));
  ASSIGN_OR_RETURN(const auto other, IfThere(accounts.FindUser(uid)));
  if (other.has_value() && other->name != name_) {
    return FailedPrecondition(
        "uid {} is that of user {} already; nothing was changed: choose another number, or give {} "
        "another one first",
        uid,
        other->name,
        other->name);
  }
  return absl::OkStatus();
}

absl::Status UserResource::CheckGroups(const sys::AccountReader& accounts) const {
  Names groups = declared_.StringList("groups");
  if (declared_.Has("group")) {
    groups.push_back(declared_.String("group", ""));
  }
  for (const std::string& group : groups) {
    ASSIGN_OR_RETURN(const auto found, IfThere(FindGroup(group, accounts)));
    if (!found.has_value()) {
      return NotFound(
          "group {}, which user {} is to be in, is not in the local group file; declare "
          "group \"{}\"",
          group,
          name_,
          group);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<UserChange> UserResource::NewUser(const sys::AccountReader& accounts) const {
  UserChange change;
  for (const auto& [attribute, value] : declared_.all()) {
    RETURN_IF_ERROR(SetField({attribute, Value::Absent(), value}, &change));
  }
  if (declared_.Has("groups")) {
    change.groups = SortedWithout(declared_.StringList("groups"), declared_.String("group", name_));
  }
  if (declared_.Has("locked")) {
    change.locked = declared_.Bool("locked", false);
  }
  change.create_home = create_home_;
  change.system = declared_.Bool("system", false);
  if (!change.primary_group.has_value()) {
    // useradd refuses to make the user's own group when one of that name is there.
    ASSIGN_OR_RETURN(const auto own, IfThere(accounts.FindGroup(name_)));
    if (own.has_value()) {
      change.primary_group = name_;
    }
  }
  return change;
}

// Sets what of `change` follows from one attribute alone.
absl::Status UserResource::SetField(const Difference& one, UserChange* change) const {
  const Value& desired = one.desired;
  if (one.attribute == "uid") {
    change->uid = static_cast<uint32_t>(desired.AsInteger());
  } else if (one.attribute == "group") {
    change->primary_group = desired.AsString();
  } else if (one.attribute == "comment") {
    change->comment = desired.AsString();
  } else if (one.attribute == "home") {
    change->home = desired.AsString();
    change->move_home = declared_.Bool("move_home", false);
  } else if (one.attribute == "shell") {
    change->shell = desired.AsString();
  } else if (one.attribute == "password_hash") {
    change->password_hash = desired.AsString();
  } else if (one.attribute == "expires") {
    int64_t day = 0;
    if (!ParseExpiry(desired.AsString(), &day)) {
      return Internal("expires passed the schema but is no day");
    }
    change->expires_day = day;
  }
  return absl::OkStatus();
}

absl::Status UserResource::CheckRenumber(const User& user,
                                         const sys::AccountReader& accounts) const {
  constexpr std::size_t kMostShown = 5;
  RETURN_IF_ERROR(CheckUid(accounts));
  if (!declared_.Bool("allow_renumber", false)) {
    return FailedPrecondition(
        "user {} has uid {} and {} is declared; files would keep the old number, so nothing was "
        "changed: say allow_renumber = true if that is meant",
        name_,
        user.uid,
        declared_.Integer("uid", 0));
  }
  if (const Names processes = accounts.ProcessesOf(user.uid, kMostShown); !processes.empty()) {
    return FailedPrecondition("user {} cannot get another uid while processes run: {}",
                              name_,
                              fmt::join(processes, ", "));
  }
  return absl::OkStatus();
}

// The lock is an axis of its own: a new hash leaves it, unless there was no password to lock.
absl::Status UserResource::SetLocked(const User& user, UserChange* change) const {
  if (!declared_.Has("locked")) {
    change->locked = user.locked && !user.password_hash.empty();
    return absl::OkStatus();
  }
  change->locked = declared_.Bool("locked", false);
  if (!*change->locked && !change->password_hash.has_value() && user.password_hash.empty()) {
    return NoPasswordToUnlock();
  }
  return absl::OkStatus();
}

absl::Status UserResource::NoPasswordToUnlock() const {
  return FailedPrecondition(
      "user {} has no password, so unlocking would let anyone in; give a password_hash, or leave "
      "`locked` out",
      name_);
}

absl::StatusOr<UserChange> UserResource::ChangeOf(std::span<const Difference> drift,
                                                  const User& user,
                                                  const sys::AccountReader& accounts) const {
  UserChange change;
  for (const Difference& one : drift) {
    RETURN_IF_ERROR(SetField(one, &change));
    if (one.attribute == "uid") {
      RETURN_IF_ERROR(CheckRenumber(user, accounts));
    } else if (one.attribute == "groups") {
      Names groups;
      for (const Value& group : one.desired.AsList()) {
        groups.push_back(group.AsString());
      }
      change.groups = std::move(groups);
    } else if (one.attribute == "locked") {
      change.locked = one.desired.AsBool();
    }
  }
  if (change.locked.has_value() || change.password_hash.has_value()) {
    RETURN_IF_ERROR(SetLocked(user, &change));
  }
  return change;
}

absl::Status UserResource::Remove(const User& user, sys::Host& host, Deadline deadline) const {
  constexpr std::size_t kMostShown = 5;
  if (user.uid == 0) {
    return FailedPrecondition("user {} has uid 0 and is never removed", name_);
  }
  const bool force = declared_.Bool("force", false);
  const Names processes = host.accounts().ProcessesOf(user.uid, kMostShown);
  if (!processes.empty() && !force) {
    return FailedPrecondition(
        "user {} is not removed while processes of theirs run: {}; end them, or say force = true",
        name_,
        fmt::join(processes, ", "));
  }
  // The tool's own force does more than be blind to processes: only where that is needed.
  const sys::UserRemoval removal{declared_.Bool("remove_home", false), !processes.empty()};
  return host.write_accounts().RemoveUser(name_, removal, deadline);
}

absl::Status UserResource::Apply(std::span<const Difference> drift,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the user"));
  const sys::AccountReader& accounts = host.accounts();
  ASSIGN_OR_RETURN(const auto user, IfThere(accounts.FindUser(name_)));
  if (declared_.Bool("absent", false)) {
    return user.has_value() ? Remove(*user, host, deadline) : absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckGroups(accounts));
  if (!user.has_value()) {
    RETURN_IF_ERROR(CheckUid(accounts));
    ASSIGN_OR_RETURN(const UserChange change, NewUser(accounts));
    if (change.locked == false && !change.password_hash.has_value()) {
      return NoPasswordToUnlock();
    }
    return host.write_accounts().CreateUser(name_, change, deadline);
  }
  ASSIGN_OR_RETURN(const UserChange change, ChangeOf(drift, *user, accounts));
  // usermod would change the entry, then find that it cannot move, and leave it at that.
  if (change.move_home && host.files().Stat(*change.home).ok()) {
    return FailedPrecondition(
        "user {}: the home cannot be moved to {}, which is there already; move that away, or leave "
        "move_home out to use it as it is",
        name_,
        *change.home);
  }
  return host.write_accounts().ChangeUser(name_, change, deadline);
}

absl::StatusOr<Attributes> UserResource::Describe(const sys::HostReader& host,
                                                  Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the user"));
  const sys::AccountReader& accounts = host.accounts();
  ASSIGN_OR_RETURN(const User user, accounts.FindUser(name_));
  ASSIGN_OR_RETURN(const auto group, IfThere(accounts.FindGroup(user.gid)));
  ASSIGN_OR_RETURN(const Names groups, accounts.GroupsOf(name_));
  Attributes attributes;
  attributes.Set("uid", int64_t{user.uid});
  attributes.Set("group", group.has_value() ? group->name : std::to_string(user.gid));
  attributes.Set("groups", ListOf(groups));
  attributes.Set("comment", user.comment);
  attributes.Set("home", user.home);
  attributes.Set("shell", user.shell);
  attributes.Set("locked", user.locked);
  attributes.Set("expires", FormatExpiry(user.expires_day));
  if (!user.password_hash.empty()) {
    attributes.Set("password_hash", Value::Secret(user.password_hash));
  }
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<UserResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& UserType() {
  static const resource::ResourceType kType{.schema = &UserSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
