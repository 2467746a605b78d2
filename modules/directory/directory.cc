// SPDX-License-Identifier: Apache-2.0
#include "modules/directory/directory.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/access.h"
#include "modules/directory/survey.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;
using sys::FileKind;
using sys::FileStat;

constexpr uint32_t kDefaultMode = 0755;

class DirectoryResource final : public resource::Resource, public resource::Describable {
 public:
  DirectoryResource(std::string_view path, Attributes attributes)
      : path_(path),
        declared_(std::move(attributes)),
        access_(AccessOf(declared_)),
        keep_(declared_.StringList("keep")),
        absent_(declared_.Bool("absent", false)),
        force_(declared_.Bool("force", false)) {
    survey_.recurse = declared_.Bool("recurse", false);
    survey_.purge = declared_.Bool("purge", false);
    survey_.max_entries = static_cast<uint64_t>(declared_.Integer("max_entries", 10000));
  }

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  Access AccessBelow(const FileStat& stat) const;
  absl::StatusOr<Survey> Look(const sys::FileReader& files, Deadline deadline) const;
  absl::Status InspectBelow(const sys::HostReader& host,
                            Deadline deadline,
                            std::vector<Difference>* differences) const;
  absl::Status Remove(const std::optional<FileStat>& found,
                      sys::Host& host,
                      Deadline deadline) const;
  absl::Status Make(const std::optional<FileStat>& found,
                    const AccessIds& access,
                    sys::Host& host) const;
  absl::Status ApplyBelow(sys::Host& host, Deadline deadline) const;

  std::string path_;
  Attributes declared_;
  Access access_;
  KeepList keep_;
  bool absent_;
  bool force_;
  SurveyOptions survey_;
};

// Adds "<relative path>: <what it is>" to the difference `attribute`, which it makes if need be.
void AddBelow(const Difference& one,
              const char* attribute,
              const std::string& relative,
              std::vector<Difference>* differences) {
  std::string line = fmt::format("{}: {}", relative, one.current.Display());
  for (Difference& known : *differences) {
    if (known.attribute != attribute) {
      continue;
    }
    Value::List list;
    if (known.current.kind() == Value::Kind::kList) {
      list = known.current.AsList();
    } else {
      list.emplace_back(fmt::format(".: {}", known.current.Display()));
    }
    list.emplace_back(std::move(line));
    known.current = std::move(list);
    return;
  }
  differences->push_back({attribute, Value::List{std::move(line)}, one.desired});
}

// What recurse asks of something below the directory.
Access DirectoryResource::AccessBelow(const FileStat& stat) const {
  Access below = access_;
  const char* const mode = stat.kind == FileKind::kDirectory ? "directory_mode" : "file_mode";
  below.mode.reset();
  if (declared_.Has(mode)) {
    below.mode = declared_.Mode(mode, 0);
  }
  return below;
}

absl::StatusOr<Survey> DirectoryResource::Look(const sys::FileReader& files,
                                               Deadline deadline) const {
  if (!survey_.recurse && !survey_.purge) {
    return Survey();
  }
  return SurveyBelow(path_, keep_, survey_, files, deadline);
}

absl::Status DirectoryResource::InspectBelow(const sys::HostReader& host,
                                             Deadline deadline,
                                             std::vector<Difference>* differences) const {
  ASSIGN_OR_RETURN(const Survey survey, Look(host.files(), deadline));
  for (const Entry& entry : survey.managed) {
    std::vector<Difference> off;
    RETURN_IF_ERROR(CompareAccess(AccessBelow(entry.stat), &entry.stat, host.accounts(), &off));
    const bool is_directory = entry.stat.kind == FileKind::kDirectory;
    for (const Difference& one : off) {
      const char* const mode = is_directory ? "directory_mode" : "file_mode";
      AddBelow(
          one, one.attribute == "mode" ? mode : one.attribute.c_str(), entry.relative, differences);
    }
  }
  if (!survey.foreign.empty()) {
    Value::List names;
    for (const Entry& entry : survey.foreign) {
      names.emplace_back(entry.relative + (entry.stat.kind == FileKind::kDirectory ? "/" : ""));
    }
    differences->push_back({"purge", std::move(names), Value::List()});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Difference>> DirectoryResource::Inspect(const sys::HostReader& host,
                                                                   Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the directory"), path_));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), path_));
  std::vector<Difference> differences;
  if (absent_) {
    if (found.has_value()) {
      differences.push_back({"present", true, false});
    }
    return differences;
  }
  const bool ours = found.has_value() && found->kind == FileKind::kDirectory;
  if (!found.has_value()) {
    differences.push_back({"present", false, true});
  } else if (!ours) {
    differences.push_back({"kind", KindText(found->kind), KindText(FileKind::kDirectory)});
  }
  RETURN_IF_ERROR(CompareAccess(access_, ours ? &*found : nullptr, host.accounts(), &differences));
  if (ours) {
    RETURN_IF_ERROR(InspectBelow(host, deadline, &differences));
  }
  return differences;
}

absl::Status DirectoryResource::Remove(const std::optional<FileStat>& found,
                                       sys::Host& host,
                                       Deadline deadline) const {
  if (!found.has_value()) {
    return absl::OkStatus();
  }
  if (found->kind != FileKind::kDirectory) {
    return FailedPrecondition(
        "{}: is a {}, no directory, so it was not removed", path_, KindText(found->kind));
  }
  if (force_) {
    return host.write_files().RemoveTree(path_, survey_.max_entries, deadline);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, host.files().List(path_));
  if (!names.empty()) {
    return FailedPrecondition(
        "{}: is not empty (holds {} and {} more); say force = true to remove it with all below",
        path_,
        names.front(),
        names.size() - 1);
  }
  return host.write_files().Remove(path_);
}

absl::Status DirectoryResource::Make(const std::optional<FileStat>& found,
                                     const AccessIds& access,
                                     sys::Host& host) const {
  if (found.has_value()) {
    if (!force_) {
      return FailedPrecondition("{}: is a {}; say force = true to remove it for the directory",
                                path_,
                                KindText(found->kind));
    }
    RETURN_IF_ERROR(host.write_files().Remove(path_));
  }
  return host.write_files().MakeDirectory(
      path_, access.mode.value_or(kDefaultMode), access.uid.value_or(0), access.gid.value_or(0));
}

absl::Status DirectoryResource::ApplyBelow(sys::Host& host, Deadline deadline) const {
  ASSIGN_OR_RETURN(const Survey survey, Look(host.files(), deadline));
  // All that can be wrong is found out before the first removal.
  for (const Entry& entry : survey.foreign) {
    if (entry.stat.kind == FileKind::kDirectory && !force_) {
      return FailedPrecondition(
          "{}: purge: {} is a directory; say force = true to remove it with all below, or name it "
          "in keep",
          path_,
          entry.relative);
    }
  }
  for (const Entry& entry : survey.managed) {
    RETURN_IF_ERROR(Annotate(deadline.Check("changing what is below"), path_));
    ASSIGN_OR_RETURN(const AccessIds access,
                     ResolveAccess(AccessBelow(entry.stat), host.accounts()));
    if (!HasAccess(entry.stat, access)) {
      RETURN_IF_ERROR(
          host.write_files().SetOwnership(entry.path, access.uid, access.gid, access.mode));
    }
  }
  for (const Entry& entry : survey.foreign) {
    RETURN_IF_ERROR(Annotate(deadline.Check("purging"), path_));
    RETURN_IF_ERROR(entry.stat.kind == FileKind::kDirectory
                        ? host.write_files().RemoveTree(entry.path, survey_.max_entries, deadline)
                        : host.write_files().Remove(entry.path));
  }
  return absl::OkStatus();
}

absl::Status DirectoryResource::Apply(std::span<const Difference> /*drift*/,
                                      sys::Host& host,
                                      Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("changing the directory"), path_));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), path_));
  if (absent_) {
    return Remove(found, host, deadline);
  }
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(access_, host.accounts()));
  if (!found.has_value() || found->kind != FileKind::kDirectory) {
    return Make(found, access, host);
  }
  if (!HasAccess(*found, access)) {
    RETURN_IF_ERROR(host.write_files().SetOwnership(path_, access.uid, access.gid, access.mode));
  }
  return ApplyBelow(host, deadline);
}

absl::StatusOr<Attributes> DirectoryResource::Describe(const sys::HostReader& host,
                                                       Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the directory"), path_));
  ASSIGN_OR_RETURN(const FileStat stat, host.files().Stat(path_));
  if (stat.kind != FileKind::kDirectory) {
    return FailedPrecondition("{}: is a {}, no directory", path_, KindText(stat.kind));
  }
  Attributes attributes;
  DescribeAccess(stat, host.accounts(), &attributes);
  return attributes;
}

std::unique_ptr<resource::Resource> MakeResource(std::string_view name,
                                                 const Attributes& attributes) {
  return std::make_unique<DirectoryResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& DirectoryType() {
  static const resource::ResourceType kType{.schema = &DirectorySchema(), .make = MakeResource};
  return kType;
}

}  // namespace fettle::modules
