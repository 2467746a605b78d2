// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/look.h"

#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/package_list.h"

namespace fettle::undo {
namespace {

using sys::FileKind;

// What a look at files needs.
struct Looking {
  const sys::HostReader& host;
  Deadline deadline;
  const KeepContent& keep;
};

absl::Status LookAtContent(const std::string& path,
                           uint64_t size,
                           const Looking& looking,
                           FilePart* part) {
  if (looking.keep == nullptr || size > kLargestFile) {
    ASSIGN_OR_RETURN(part->content, looking.host.files().ContentDigest(path, looking.deadline));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string content, looking.host.files().Read(path, kLargestFile));
  part->content = Sha256(content);
  return looking.keep(part->content, content);
}

// Adds what stands at `path`; a directory's contents are appended to `queue`.
absl::Status LookAtOne(const std::string& path,
                       const std::string& relative,
                       const Looking& looking,
                       Parts* parts) {
  const absl::StatusOr<sys::FileStat> stat = looking.host.files().Stat(path);
  if (absl::IsNotFound(stat.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(stat.status());
  FilePart part;
  part.kind = stat->kind;
  part.uid = stat->uid;
  part.gid = stat->gid;
  if (stat->kind == FileKind::kLink) {
    ASSIGN_OR_RETURN(part.target, looking.host.files().ReadLink(path));
  } else {
    part.mode = stat->mode;
  }
  if (stat->kind == FileKind::kRegular) {
    part.shared = stat->links > 1;
    RETURN_IF_ERROR(LookAtContent(path, stat->size, looking, &part));
  }
  parts->emplace(relative, EncodeFile(part));
  return absl::OkStatus();
}

absl::StatusOr<Parts> LookAtTree(const std::string& root, const Looking& looking) {
  Parts parts;
  std::vector<std::string> queue{""};
  while (!queue.empty()) {
    RETURN_IF_ERROR(Annotate(looking.deadline.Check("looking below"), root));
    const std::string relative = std::move(queue.back());
    queue.pop_back();
    const std::string path = relative.empty() ? root : root + "/" + relative;
    RETURN_IF_ERROR(LookAtOne(path, relative, looking, &parts));
    if (parts.size() > kMostBelow) {
      return FailedPrecondition("{} holds more than {} entries", root, kMostBelow);
    }
    const auto found = parts.find(relative);
    if (found == parts.end() || DecodeFile(found->second).kind != FileKind::kDirectory) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> names, looking.host.files().List(path));
    for (const std::string& name : names) {
      queue.push_back(relative.empty() ? name : relative + "/" + name);
    }
  }
  return parts;
}

// What a path leads to, by its own name.
absl::Status LookAtTarget(const std::string& path, const Looking& looking, Parts* parts) {
  constexpr int kMostLinks = 40;
  std::string at = path;
  for (int followed = 0; followed < kMostLinks; ++followed) {
    const absl::StatusOr<std::string> target = looking.host.files().ReadLink(at);
    if (!target.ok()) {
      return LookAtOne(at, at, looking, parts);
    }
    ASSIGN_OR_RETURN(at,
                     resource::CanonicalPath(target->starts_with('/')
                                                 ? *target
                                                 : at.substr(0, at.rfind('/') + 1) + *target));
  }
  return FailedPrecondition("{} leads through too many links", path);
}

absl::StatusOr<Parts> LookAtUser(const std::string& name, const sys::AccountReader& accounts) {
  Parts parts;
  const absl::StatusOr<sys::User> user = accounts.FindUser(name);
  if (absl::IsNotFound(user.status())) {
    return parts;
  }
  RETURN_IF_ERROR(user.status());
  ASSIGN_OR_RETURN(const std::vector<std::string> groups, accounts.GroupsOf(name));
  parts["account"] = EncodeAccount(*user);
  parts["password"] = EncodePassword(*user);
  parts["groups"] = EncodeNames(groups);
  return parts;
}

absl::StatusOr<Parts> LookAtGroup(const std::string& name, const sys::AccountReader& accounts) {
  Parts parts;
  const absl::StatusOr<sys::Group> group = accounts.FindGroup(name);
  if (absl::IsNotFound(group.status())) {
    return parts;
  }
  RETURN_IF_ERROR(group.status());
  parts["gid"] = fmt::format("{}", group->gid);
  parts["members"] = EncodeNames(group->members);
  return parts;
}

absl::StatusOr<Parts> LookAtUnit(const std::string& name,
                                 const sys::UnitReader& units,
                                 Deadline deadline) {
  ASSIGN_OR_RETURN(const sys::UnitState unit, units.Unit(name, deadline));
  Parts parts;
  if (!unit.exists()) {
    return Parts{{"active", "no"}, {"enabled", "no"}, {"masked", "no"}};
  }
  parts["active"] = unit.active() || unit.active_state == "activating" ? "yes" : "no";
  parts["masked"] = unit.masked() ? "yes" : "no";
  if (!unit.masked()) {
    parts["enabled"] = unit.unit_file_state.starts_with("enabled") ? "yes" : "no";
  }
  return parts;
}

absl::StatusOr<Parts> LookAtPackages(const sys::PackageReader& packages) {
  Parts parts;
  const auto* const lister = dynamic_cast<const sys::PackageLister*>(&packages);
  if (lister == nullptr) {
    return FailedPrecondition("the installed packages cannot be listed here");
  }
  ASSIGN_OR_RETURN(const auto installed, lister->InstalledPackages());
  for (const auto& [name, state] : installed) {
    parts[name] = EncodePackage({state.version,
                                 state.architecture,
                                 state.held,
                                 state.presence == sys::PackagePresence::kBroken});
  }
  return parts;
}

absl::StatusOr<Parts> LookAtSysctl(const std::string& key, const sys::KernelReader& kernel) {
  Parts parts;
  const absl::StatusOr<std::string> value = kernel.Sysctl(key);
  if (absl::IsNotFound(value.status())) {
    return parts;
  }
  RETURN_IF_ERROR(value.status());
  parts["value"] = *value;
  return parts;
}

}  // namespace

absl::StatusOr<Parts> Look(const Thing& thing,
                           const sys::HostReader& host,
                           Deadline deadline,
                           const KeepContent& keep) {
  const Looking looking{host, deadline, keep};
  Parts parts;
  switch (thing.kind) {
    case Kind::kPath:
      RETURN_IF_ERROR(LookAtOne(thing.name, "", looking, &parts));
      return parts;
    case Kind::kTarget:
      RETURN_IF_ERROR(LookAtTarget(thing.name, looking, &parts));
      return parts;
    case Kind::kTree:
      return LookAtTree(thing.name, looking);
    case Kind::kSysctl:
      return LookAtSysctl(thing.name, host.kernel());
    case Kind::kUser:
      return LookAtUser(thing.name, host.accounts());
    case Kind::kGroup:
      return LookAtGroup(thing.name, host.accounts());
    case Kind::kUnit:
      return LookAtUnit(thing.name, host.units(), deadline);
    case Kind::kPackages:
      break;
  }
  return LookAtPackages(host.packages());
}

}  // namespace fettle::undo
