// SPDX-License-Identifier: Apache-2.0
#include "modules/access.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::modules {
namespace {

using resource::Difference;
using resource::Value;

std::optional<uint32_t> AsNumber(const std::string& text) {
  int64_t number = 0;
  // The largest is no id: to chown(2) it means "as it is".
  if (!ParseInt(text, &number) || number < 0 || number >= std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(number);
}

// A user and a group are looked up alike; these two say how.
struct Users {
  const sys::AccountReader& accounts;

  template <typename Key>
  auto Find(const Key& key) const {
    return accounts.FindUser(key);
  }

  static uint32_t Id(const sys::User& user) { return user.uid; }
};

struct Groups {
  const sys::AccountReader& accounts;

  template <typename Key>
  auto Find(const Key& key) const {
    return accounts.FindGroup(key);
  }

  static uint32_t Id(const sys::Group& group) { return group.gid; }
};

// The id of `text`, a name or a number; nullopt when no account has that name.
template <typename Kind>
absl::StatusOr<std::optional<uint32_t>> IdOf(const Kind& kind, const std::string& text) {
  if (const std::optional<uint32_t> number = AsNumber(text); number.has_value()) {
    return number;
  }
  const auto found = kind.Find(text);
  if (absl::IsNotFound(found.status())) {
    return std::optional<uint32_t>();
  }
  RETURN_IF_ERROR(found.status());
  return std::optional<uint32_t>(Kind::Id(*found));
}

// `id` in the form in which `declared` is: a name if it has one, otherwise the number.
template <typename Kind>
absl::StatusOr<std::string> NameOf(const Kind& kind, uint32_t id, const std::string& declared) {
  if (AsNumber(declared).has_value()) {
    return std::to_string(id);
  }
  const auto found = kind.Find(id);
  if (absl::IsNotFound(found.status())) {
    return std::to_string(id);
  }
  RETURN_IF_ERROR(found.status());
  return found->name;
}

// The difference of one owner or group, if there is one. `present` null: nothing is there.
template <typename Kind>
absl::Status CompareId(const Kind& kind,
                       const char* attribute,
                       const std::string& declared,
                       const uint32_t* present,
                       std::vector<Difference>* differences) {
  if (present == nullptr) {
    differences->push_back({attribute, Value::Absent(), declared});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<uint32_t> wanted, IdOf(kind, declared));
  if (wanted == *present) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string current, NameOf(kind, *present, declared));
  differences->push_back({attribute, current, declared});
  return absl::OkStatus();
}

}  // namespace

Access AccessOf(const resource::Attributes& attributes) {
  Access access;
  if (attributes.Has("mode")) {
    access.mode = attributes.Mode("mode", 0);
  }
  if (attributes.Has("owner")) {
    access.owner = attributes.String("owner", "");
  }
  if (attributes.Has("group")) {
    access.group = attributes.String("group", "");
  }
  return access;
}

absl::Status CompareAccess(const Access& wanted,
                           const sys::FileStat* present,
                           const sys::AccountReader& accounts,
                           std::vector<Difference>* differences) {
  if (wanted.mode.has_value() && (present == nullptr || present->mode != *wanted.mode)) {
    const Value current = present == nullptr ? Value::Absent() : Value(ModeText(present->mode));
    differences->push_back({"mode", current, ModeText(*wanted.mode)});
  }
  if (wanted.owner.has_value()) {
    RETURN_IF_ERROR(CompareId(Users{accounts},
                              "owner",
                              *wanted.owner,
                              present == nullptr ? nullptr : &present->uid,
                              differences));
  }
  if (wanted.group.has_value()) {
    RETURN_IF_ERROR(CompareId(Groups{accounts},
                              "group",
                              *wanted.group,
                              present == nullptr ? nullptr : &present->gid,
                              differences));
  }
  return absl::OkStatus();
}

absl::StatusOr<AccessIds> ResolveAccess(const Access& wanted, const sys::AccountReader& accounts) {
  AccessIds ids;
  ids.mode = wanted.mode;
  if (wanted.owner.has_value()) {
    ASSIGN_OR_RETURN(ids.uid, IdOf(Users{accounts}, *wanted.owner));
    if (!ids.uid.has_value()) {
      return FailedPrecondition(
          "owner: there is no local user \"{}\"; declare it, or give the uid as a number",
          *wanted.owner);
    }
  }
  if (wanted.group.has_value()) {
    ASSIGN_OR_RETURN(ids.gid, IdOf(Groups{accounts}, *wanted.group));
    if (!ids.gid.has_value()) {
      return FailedPrecondition(
          "group: there is no local group \"{}\"; declare it, or give the gid as a number",
          *wanted.group);
    }
  }
  return ids;
}

bool HasAccess(const sys::FileStat& present, const AccessIds& wanted) {
  return wanted.mode.value_or(present.mode) == present.mode &&
         wanted.uid.value_or(present.uid) == present.uid &&
         wanted.gid.value_or(present.gid) == present.gid;
}

void DescribeAccess(const sys::FileStat& present,
                    const sys::AccountReader& accounts,
                    resource::Attributes* attributes) {
  attributes->Set("mode", ModeText(present.mode));
  const absl::StatusOr<sys::User> owner = accounts.FindUser(present.uid);
  attributes->Set("owner", owner.ok() ? owner->name : std::to_string(present.uid));
  const absl::StatusOr<sys::Group> group = accounts.FindGroup(present.gid);
  attributes->Set("group", group.ok() ? group->name : std::to_string(present.gid));
}

absl::StatusOr<std::optional<sys::FileStat>> StatIfThere(const sys::FileReader& files,
                                                         const std::string& path) {
  const absl::StatusOr<sys::FileStat> stat = files.Stat(path);
  if (stat.ok()) {
    return std::optional<sys::FileStat>(*stat);
  }
  if (absl::IsNotFound(stat.status())) {
    return std::optional<sys::FileStat>();
  }
  return stat.status();
}

const char* KindText(sys::FileKind kind) {
  switch (kind) {
    case sys::FileKind::kRegular:
      return "file";
    case sys::FileKind::kDirectory:
      return "directory";
    case sys::FileKind::kLink:
      return "link";
    case sys::FileKind::kOther:
      break;
  }
  return "special file";
}

std::string ModeText(uint32_t mode) {
  return fmt::format("{:04o}", mode);
}

bool Lists(std::span<const Difference> drift, std::string_view attribute) {
  return std::any_of(drift.begin(), drift.end(), [attribute](const Difference& one) {
    return one.attribute == attribute;
  });
}

}  // namespace fettle::modules
