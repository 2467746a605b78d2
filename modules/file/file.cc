// SPDX-License-Identifier: Apache-2.0
#include "modules/file/file.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/host.h"
#include "modules/access.h"
#include "modules/file/content.h"
#include "modules/validate.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using sys::FileKind;
using sys::FileStat;

constexpr uint32_t kDefaultMode = 0644;
constexpr uint32_t kSecretMode = 0600;  // Of a new file whose content is secret.
constexpr int kMostLinks = 40;

// Where `path` leads through links at its end; `path` itself when it is no link.
absl::StatusOr<std::string> FollowLinks(const sys::FileReader& files, std::string path) {
  for (int hop = 0; hop < kMostLinks; ++hop) {
    ASSIGN_OR_RETURN(const std::optional<FileStat> stat, StatIfThere(files, path));
    if (!stat.has_value() || stat->kind != FileKind::kLink) {
      return path;
    }
    ASSIGN_OR_RETURN(const std::string target, files.ReadLink(path));
    path = target.starts_with('/') ? target
                                   : fmt::format("{}/{}", path.substr(0, path.rfind('/')), target);
  }
  return FailedPrecondition("{}: more than {} links in a row", path, kMostLinks);
}

class FileResource final : public resource::Resource, public resource::Describable {
 public:
  FileResource(std::string_view path, Attributes attributes)
      : path_(path),
        declared_(std::move(attributes)),
        content_(ContentOf(declared_)),
        access_(AccessOf(declared_)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  absl::StatusOr<std::string> Target(const sys::FileReader& files) const;
  absl::Status RemoveFile(const std::string& target,
                          const std::optional<FileStat>& found,
                          sys::Host& host) const;
  absl::Status ClearTheWay(const std::string& target, FileKind kind, sys::Host& host) const;
  absl::Status Write(const std::string& target,
                     const std::optional<FileStat>& found,
                     sys::Host& host,
                     Deadline deadline) const;

  std::string path_;
  Attributes declared_;
  WantedContent content_;
  Access access_;
};

absl::StatusOr<std::string> FileResource::Target(const sys::FileReader& files) const {
  return declared_.Bool("follow", false) ? FollowLinks(files, path_) : path_;
}

absl::StatusOr<std::vector<Difference>> FileResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the file"), path_));
  ASSIGN_OR_RETURN(const std::string target, Target(host.files()));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), target));
  std::vector<Difference> differences;
  if (declared_.Bool("absent", false)) {
    if (found.has_value()) {
      differences.push_back({"present", true, false});
    }
    return differences;
  }
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  if (!found.has_value()) {
    differences.push_back({"present", false, true});
  } else if (!ours) {
    differences.push_back({"kind", KindText(found->kind), KindText(FileKind::kRegular)});
  }
  const FileStat* const present = ours ? &*found : nullptr;
  if (content_.managed() && (!ours || declared_.Bool("replace", true))) {
    ASSIGN_OR_RETURN(std::optional<Difference> content,
                     CompareContent(content_, target, present, host, deadline));
    if (content.has_value()) {
      differences.push_back(*std::move(content));
    }
  }
  RETURN_IF_ERROR(CompareAccess(access_, present, host.accounts(), &differences));
  return differences;
}

absl::Status FileResource::Apply(std::span<const Difference> drift,
                                 sys::Host& host,
                                 Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("changing the file"), path_));
  ASSIGN_OR_RETURN(const std::string target, Target(host.files()));
  ASSIGN_OR_RETURN(std::optional<FileStat> found, StatIfThere(host.files(), target));
  if (declared_.Bool("absent", false)) {
    return RemoveFile(target, found, host);
  }
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  const bool seeded = ours && !declared_.Bool("replace", true);
  if (!ours || (Lists(drift, "content") && !seeded)) {
    return Write(target, found, host, deadline);
  }
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(access_, host.accounts()));
  if (HasAccess(*found, access)) {
    return absl::OkStatus();
  }
  return host.write_files().SetOwnership(target, access.uid, access.gid, access.mode);
}

absl::Status FileResource::RemoveFile(const std::string& target,
                                      const std::optional<FileStat>& found,
                                      sys::Host& host) const {
  if (found.has_value() && found->kind == FileKind::kDirectory) {
    return FailedPrecondition(
        "{}: is a directory, which `file` never removes; declare directory \"{}\" absent if that "
        "is meant",
        target,
        path_);
  }
  return host.write_files().Remove(target);
}

absl::Status FileResource::ClearTheWay(const std::string& target,
                                       FileKind kind,
                                       sys::Host& host) const {
  if (kind == FileKind::kDirectory) {
    return FailedPrecondition("{}: is a directory, which a file never replaces; move it away first",
                              target);
  }
  if (!declared_.Bool("force", false)) {
    return FailedPrecondition(
        "{}: is a {}; say force = true to replace it{}",
        target,
        KindText(kind),
        kind == FileKind::kLink ? ", or follow = true to manage the file it leads to" : "");
  }
  return host.write_files().Remove(target);
}

absl::Status FileResource::Write(const std::string& target,
                                 const std::optional<FileStat>& found,
                                 sys::Host& host,
                                 Deadline deadline) const {
  // All that can be wrong is found out before anything is changed.
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(access_, host.accounts()));
  ASSIGN_OR_RETURN(const std::string bytes, WantedBytes(content_, host.blobs()));
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  if (found.has_value() && !ours) {
    RETURN_IF_ERROR(ClearTheWay(target, found->kind, host));
  }
  sys::ReplaceOptions options;
  options.mode = access.mode.value_or(ours                ? found->mode
                                      : content_.secret() ? kSecretMode
                                                          : kDefaultMode);
  options.uid = access.uid.value_or(ours ? found->uid : 0);
  options.gid = access.gid.value_or(ours ? found->gid : 0);
  options.in_place = declared_.Bool("in_place", false);
  options.expected = ours ? found : std::nullopt;
  const Validator validator{declared_.StringList("validate"), content_.secret()};
  if (!validator.words.empty()) {
    options.validate = [&](const std::string& temporary) {
      return Annotate(RunValidator(validator, temporary, host, deadline), path_);
    };
  }
  return host.write_files().Replace(target, bytes, options);
}

absl::StatusOr<Attributes> FileResource::Describe(const sys::HostReader& host,
                                                  Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the file"), path_));
  ASSIGN_OR_RETURN(const FileStat stat, host.files().Stat(path_));
  if (stat.kind != FileKind::kRegular) {
    return FailedPrecondition("{}: is a {}, no file", path_, KindText(stat.kind));
  }
  Attributes attributes;
  DescribeAccess(stat, host.accounts(), &attributes);
  if (stat.size <= kMostShown) {
    ASSIGN_OR_RETURN(std::string bytes, host.files().Read(path_, kMostShown));
    if (IsText(bytes)) {
      attributes.Set("content", std::move(bytes));
      return attributes;
    }
  }
  ASSIGN_OR_RETURN(const Digest digest, host.files().ContentDigest(path_, deadline));
  attributes.Set("source", fmt::format("sha256:{}", digest.Hex()));
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<FileResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& FileType() {
  static const resource::ResourceType kType{.schema = &FileSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
