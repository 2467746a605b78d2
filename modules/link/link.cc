// SPDX-License-Identifier: Apache-2.0
#include "modules/link/link.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/access.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Value;
using sys::FileKind;
using sys::FileStat;

constexpr uint64_t kMostRemoved = 10000;  // Entries of a directory that `force` may remove.

class LinkResource final : public resource::Resource, public resource::Describable {
 public:
  LinkResource(std::string_view path, const Attributes& attributes)
      : path_(path),
        target_(attributes.String("target", "")),
        absent_(attributes.Bool("absent", false)),
        hard_(attributes.Bool("hard", false)),
        force_(attributes.Bool("force", false)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  // What `path_` leads to now in the words of the declaration: target_ when it is right, "" when it
  // is something else than such a link.
  absl::StatusOr<std::string> Current(const FileStat& found, const sys::FileReader& files) const;
  absl::Status ClearTheWay(FileKind found, sys::Host& host, Deadline deadline) const;
  absl::Status Remove(const std::optional<FileStat>& found, sys::Host& host) const;

  FileKind kind() const { return hard_ ? FileKind::kRegular : FileKind::kLink; }

  std::string path_;
  std::string target_;
  bool absent_;
  bool hard_;
  bool force_;
};

absl::StatusOr<std::string> LinkResource::Current(const FileStat& found,
                                                  const sys::FileReader& files) const {
  if (found.kind != kind()) {
    return std::string();
  }
  if (!hard_) {
    return files.ReadLink(path_);
  }
  ASSIGN_OR_RETURN(const std::optional<FileStat> other, StatIfThere(files, target_));
  const bool same =
      other.has_value() && other->device == found.device && other->inode == found.inode;
  return same ? target_ : std::string();
}

absl::StatusOr<std::vector<Difference>> LinkResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the link"), path_));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), path_));
  std::vector<Difference> differences;
  if (absent_) {
    if (found.has_value()) {
      differences.push_back({"present", true, false});
    }
    return differences;
  }
  if (!found.has_value()) {
    differences.push_back({"present", false, true});
    differences.push_back({"target", Value::Absent(), target_});
    return differences;
  }
  if (found->kind != kind()) {
    differences.push_back({"kind", KindText(found->kind), hard_ ? "hard link" : "link"});
  }
  ASSIGN_OR_RETURN(const std::string current, Current(*found, host.files()));
  if (current != target_) {
    differences.push_back({"target", current.empty() ? Value::Absent() : Value(current), target_});
  }
  return differences;
}

absl::Status LinkResource::Remove(const std::optional<FileStat>& found, sys::Host& host) const {
  if (found.has_value() && found->kind != kind()) {
    return FailedPrecondition("{}: is a {}, no {}link, so it was not removed",
                              path_,
                              KindText(found->kind),
                              hard_ ? "hard " : "");
  }
  return host.write_files().Remove(path_);
}

absl::Status LinkResource::ClearTheWay(FileKind found, sys::Host& host, Deadline deadline) const {
  if (!force_) {
    return FailedPrecondition(
        "{}: is a {}; say force = true to remove it for the link", path_, KindText(found));
  }
  if (found == FileKind::kDirectory) {
    return host.write_files().RemoveTree(path_, kMostRemoved, deadline);
  }
  return host.write_files().Remove(path_);
}

absl::Status LinkResource::Apply(std::span<const Difference> /*drift*/,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("changing the link"), path_));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), path_));
  if (absent_) {
    return Remove(found, host);
  }
  if (hard_) {
    // Before anything is removed for it.
    RETURN_IF_ERROR(Annotate(host.files().Stat(target_).status(), "target of the hard link"));
  }
  if (found.has_value() && found->kind != kind()) {
    RETURN_IF_ERROR(ClearTheWay(found->kind, host, deadline));
  } else if (found.has_value() && hard_ && !force_) {
    return FailedPrecondition(
        "{}: is another file than {}; say force = true to replace it", path_, target_);
  }
  return hard_ ? host.write_files().MakeHardLink(path_, target_)
               : host.write_files().MakeLink(path_, target_);
}

absl::StatusOr<Attributes> LinkResource::Describe(const sys::HostReader& host,
                                                  Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the link"), path_));
  ASSIGN_OR_RETURN(const std::string target, host.files().ReadLink(path_));
  Attributes attributes;
  attributes.Set("target", target);
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<LinkResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& LinkType() {
  static const resource::ResourceType kType{.schema = &LinkSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
