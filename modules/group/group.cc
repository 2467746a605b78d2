// SPDX-License-Identifier: Apache-2.0
#include "modules/group/group.h"

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

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;

using Names = std::vector<std::string>;

Value ListOf(const Names& names) {
  Value::List list;
  for (const std::string& name : names) {
    list.emplace_back(name);
  }
  return list;
}

Names Sorted(Names names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

absl::StatusOr<std::optional<sys::Group>> IfThere(absl::StatusOr<sys::Group> found) {
  if (found.ok()) {
    return std::optional<sys::Group>(*std::move(found));
  }
  if (absl::IsNotFound(found.status())) {
    return std::optional<sys::Group>();
  }
  return found.status();
}

// The users of passwd(5) text whose primary group is `gid`.
Names UsersWithPrimaryGroup(std::string_view passwd, uint32_t gid) {
  constexpr std::size_t kName = 0;
  constexpr std::size_t kGid = 3;
  Names users;
  for (const std::string_view line : SplitLines(passwd)) {
    const std::vector<std::string_view> fields = Split(line, ':');
    int64_t number = 0;
    if (fields.size() > kGid && ParseInt(fields[kGid], &number) && number == int64_t{gid}) {
      users.emplace_back(fields[kName]);
    }
  }
  return users;
}

class GroupResource final : public resource::Resource, public resource::Describable {
 public:
  GroupResource(std::string_view name, Attributes attributes)
      : name_(name), declared_(std::move(attributes)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  std::optional<Difference> InspectMembers(const sys::Group& group) const;
  absl::Status CheckGid(const sys::AccountReader& accounts) const;
  absl::Status Create(sys::Host& host, Deadline deadline) const;
  absl::Status Change(std::span<const Difference> drift,
                      const sys::Group& group,
                      sys::Host& host,
                      Deadline deadline) const;
  absl::Status Remove(const sys::Group& group, sys::Host& host, Deadline deadline) const;

  std::string name_;
  Attributes declared_;
};

std::optional<Difference> GroupResource::InspectMembers(const sys::Group& group) const {
  if (!declared_.Has("members")) {
    return std::nullopt;
  }
  Names wanted = Sorted(declared_.StringList("members"));
  const Names have = Sorted(group.members);
  const bool exact = declared_.Bool("exact_members", false);
  if (exact ? wanted == have
            : std::includes(have.begin(), have.end(), wanted.begin(), wanted.end())) {
    return std::nullopt;
  }
  if (!exact) {
    wanted.insert(wanted.end(), have.begin(), have.end());
    wanted = Sorted(std::move(wanted));
  }
  return Difference{"members", ListOf(have), ListOf(wanted)};
}

absl::StatusOr<std::vector<Difference>> GroupResource::Inspect(const sys::HostReader& host,
                                                               Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the group"));
  ASSIGN_OR_RETURN(const auto group, IfThere(host.accounts().FindGroup(name_)));
  const bool wanted = !declared_.Bool("absent", false);
  std::vector<Difference> differences;
  if (group.has_value() != wanted) {
    differences.push_back({"present", group.has_value(), wanted});
    return differences;
  }
  if (!wanted) {
    return differences;
  }
  const Value* const gid = declared_.Find("gid");
  if (gid != nullptr && gid->AsInteger() != int64_t{group->gid}) {
    differences.push_back({"gid", int64_t{group->gid}, *gid});
  }
  if (std::optional<Difference> members = InspectMembers(*group); members.has_value()) {
    differences.push_back(*std::move(members));
  }
  return differences;
}

absl::Status GroupResource::CheckGid(const sys::AccountReader& accounts) const {
  if (!declared_.Has("gid")) {
    return absl::OkStatus();
  }
  const auto gid = static_cast<uint32_t>(declared_.Integer("gid", 0));
  ASSIGN_OR_RETURN(const auto other, IfThere(accounts.FindGroup(gid)));
  if (other.has_value() && other->name != name_) {
    return FailedPrecondition(
        "gid {} is that of group {} already; nothing was changed: choose another number, or give "
        "{} "
        "another one first",
        gid,
        other->name,
        other->name);
  }
  return absl::OkStatus();
}

absl::Status GroupResource::Create(sys::Host& host, Deadline deadline) const {
  RETURN_IF_ERROR(CheckGid(host.accounts()));
  sys::GroupChange change;
  change.system = declared_.Bool("system", false);
  if (declared_.Has("gid")) {
    change.gid = static_cast<uint32_t>(declared_.Integer("gid", 0));
  }
  if (declared_.Has("members")) {
    change.members = Sorted(declared_.StringList("members"));
  }
  return host.write_accounts().CreateGroup(name_, change, deadline);
}

absl::Status GroupResource::Change(std::span<const Difference> drift,
                                   const sys::Group& group,
                                   sys::Host& host,
                                   Deadline deadline) const {
  sys::GroupChange change;
  for (const Difference& one : drift) {
    if (one.attribute == "gid") {
      RETURN_IF_ERROR(CheckGid(host.accounts()));
      if (!declared_.Bool("allow_renumber", false)) {
        return FailedPrecondition(
            "group {} has gid {} and {} is declared; files would keep the old number, so nothing "
            "was changed: say allow_renumber = true if that is meant",
            name_,
            group.gid,
            one.desired.AsInteger());
      }
      change.gid = static_cast<uint32_t>(one.desired.AsInteger());
    } else if (one.attribute == "members") {
      Names members;
      for (const Value& member : one.desired.AsList()) {
        members.push_back(member.AsString());
      }
      change.members = std::move(members);
    }
  }
  return host.write_accounts().ChangeGroup(name_, change, deadline);
}

absl::Status GroupResource::Remove(const sys::Group& group,
                                   sys::Host& host,
                                   Deadline deadline) const {
  constexpr uint64_t kMostBytes = 64 << 20;
  const absl::StatusOr<std::string> passwd = host.files().Read("/etc/passwd", kMostBytes);
  if (!passwd.ok() && !absl::IsNotFound(passwd.status())) {
    return passwd.status();
  }
  const Names users = UsersWithPrimaryGroup(passwd.ok() ? *passwd : "", group.gid);
  if (!users.empty()) {
    return FailedPrecondition(
        "group {} is not removed: it is the primary group of {}; give them another group, or "
        "declare them absent, first",
        name_,
        fmt::join(users, ", "));
  }
  return host.write_accounts().RemoveGroup(name_, deadline);
}

absl::Status GroupResource::Apply(std::span<const Difference> drift,
                                  sys::Host& host,
                                  Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the group"));
  ASSIGN_OR_RETURN(const auto group, IfThere(host.accounts().FindGroup(name_)));
  if (declared_.Bool("absent", false)) {
    return group.has_value() ? Remove(*group, host, deadline) : absl::OkStatus();
  }
  return group.has_value() ? Change(drift, *group, host, deadline) : Create(host, deadline);
}

absl::StatusOr<Attributes> GroupResource::Describe(const sys::HostReader& host,
                                                   Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the group"));
  ASSIGN_OR_RETURN(const sys::Group group, host.accounts().FindGroup(name_));
  Attributes attributes;
  attributes.Set("gid", int64_t{group.gid});
  attributes.Set("members", ListOf(Sorted(group.members)));
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<GroupResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& GroupType() {
  static const resource::ResourceType kType{.schema = &GroupSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
