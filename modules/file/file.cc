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

// What is declared besides content and access. The rest of the declaration is not kept: there may
// be very many files.
struct Manner {
  explicit Manner(const Attributes& declared)
      : absent(declared.Bool("absent", false)),
        replace(declared.Bool("replace", true)),
        follow(declared.Bool("follow", false)),
        in_place(declared.Bool("in_place", false)),
        force(declared.Bool("force", false)),
        validate(declared.StringList("validate")) {}

  bool absent;
  bool replace;
  bool follow;
  bool in_place;
  bool force;
  std::vector<std::string> validate;
};

class FileResource final : public resource::Resource, public resource::Describable {
 public:
  FileResource(std::string_view path, const Attributes& attributes)
      : path_(path),
        manner_(attributes),
        content_(ContentOf(attributes)),
        access_(AccessOf(attributes)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

  // What Apply() would do, when that is to write the file and nothing else before; nullopt: it
  // is more (something is in the way, a program looks at it first) or less than that.
  absl::StatusOr<std::optional<sys::FileReplacement>> PlainWrite(std::span<const Difference> drift,
                                                                 const sys::Host& host) const;

 private:
  absl::StatusOr<std::string> Target(const sys::FileReader& files) const;
  absl::Status RemoveFile(const std::string& target,
                          const std::optional<FileStat>& found,
                          sys::Host& host) const;
  // kFailedPrecondition unless something of this other kind may make way for the file.
  absl::Status CheckMayReplace(const std::string& target, FileKind kind) const;
  absl::Status Write(const std::string& target,
                     const std::optional<FileStat>& found,
                     sys::Host& host,
                     Deadline deadline) const;
  absl::StatusOr<sys::FileReplacement> Replacement(const std::string& target,
                                                   const std::optional<FileStat>& found,
                                                   const sys::HostReader& host) const;
  bool Writes(std::span<const Difference> drift, bool ours) const;

  std::string path_;
  Manner manner_;
  WantedContent content_;
  Access access_;
};

absl::StatusOr<std::string> FileResource::Target(const sys::FileReader& files) const {
  return manner_.follow ? FollowLinks(files, path_) : path_;
}

absl::StatusOr<std::vector<Difference>> FileResource::Inspect(const sys::HostReader& host,
                                                              Deadline deadline) const {
  RETURN_IF_ERROR(Annotate(deadline.Check("looking at the file"), path_));
  ASSIGN_OR_RETURN(const std::string target, Target(host.files()));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), target));
  std::vector<Difference> differences;
  if (manner_.absent) {
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
  if (content_.managed() && (!ours || manner_.replace)) {
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
  if (manner_.absent) {
    return RemoveFile(target, found, host);
  }
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  if (Writes(drift, ours)) {
    return Write(target, found, host, deadline);
  }
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(access_, host.accounts()));
  if (HasAccess(*found, access)) {
    return absl::OkStatus();
  }
  return host.write_files().SetOwnership(target, access.uid, access.gid, access.mode);
}

bool FileResource::Writes(std::span<const Difference> drift, bool ours) const {
  const bool seeded = ours && !manner_.replace;
  return !ours || (Lists(drift, "content") && !seeded);
}

absl::StatusOr<std::optional<sys::FileReplacement>> FileResource::PlainWrite(
    std::span<const Difference> drift, const sys::Host& host) const {
  if (manner_.absent || manner_.in_place || !manner_.validate.empty()) {
    return std::optional<sys::FileReplacement>();
  }
  ASSIGN_OR_RETURN(const std::string target, Target(host.files()));
  ASSIGN_OR_RETURN(const std::optional<FileStat> found, StatIfThere(host.files(), target));
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  if ((found.has_value() && !ours) || !Writes(drift, ours)) {
    return std::optional<sys::FileReplacement>();
  }
  return Replacement(target, found, host);
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

absl::Status FileResource::CheckMayReplace(const std::string& target, FileKind kind) const {
  if (kind == FileKind::kDirectory) {
    return FailedPrecondition("{}: is a directory, which a file never replaces; move it away first",
                              target);
  }
  if (!manner_.force) {
    return FailedPrecondition(
        "{}: is a {}; say force = true to replace it{}",
        target,
        KindText(kind),
        kind == FileKind::kLink ? ", or follow = true to manage the file it leads to" : "");
  }
  return absl::OkStatus();
}

absl::Status FileResource::Write(const std::string& target,
                                 const std::optional<FileStat>& found,
                                 sys::Host& host,
                                 Deadline deadline) const {
  // All that can be wrong is found out before anything is changed.
  ASSIGN_OR_RETURN(sys::FileReplacement file, Replacement(target, found, host));
  if (found.has_value() && found->kind != FileKind::kRegular) {
    RETURN_IF_ERROR(CheckMayReplace(target, found->kind));
  }
  const Validator validator{manner_.validate, content_.secret()};
  if (!validator.words.empty()) {
    file.options.validate = [&](const std::string& temporary) {
      return Annotate(RunValidator(validator, temporary, host, deadline), path_);
    };
  }
  return host.write_files().Replace(target, file.content, file.options);
}

absl::StatusOr<sys::FileReplacement> FileResource::Replacement(const std::string& target,
                                                               const std::optional<FileStat>& found,
                                                               const sys::HostReader& host) const {
  ASSIGN_OR_RETURN(const AccessIds access, ResolveAccess(access_, host.accounts()));
  sys::FileReplacement file;
  file.path = target;
  ASSIGN_OR_RETURN(file.content, WantedBytes(content_, host.blobs()));
  const bool ours = found.has_value() && found->kind == FileKind::kRegular;
  file.options.mode = access.mode.value_or(ours                ? found->mode
                                           : content_.secret() ? kSecretMode
                                                               : kDefaultMode);
  file.options.uid = access.uid.value_or(ours ? found->uid : 0);
  file.options.gid = access.gid.value_or(ours ? found->gid : 0);
  file.options.in_place = manner_.in_place && ours;
  file.options.expected = found;
  return file;
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

// Files that are simply written share their syncs; whatever is more than that is done by itself, at
// its place in the order.
class Batch {
 public:
  Batch(std::span<const resource::BatchItem> items, sys::Host& host, Deadline deadline)
      : items_(items), host_(host), deadline_(deadline), statuses_(items.size()) {}

  std::vector<absl::Status> Apply() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      statuses_[i] = Add(i);
    }
    Flush();
    return std::move(statuses_);
  }

 private:
  absl::Status Add(std::size_t index) {
    const auto& file = static_cast<const FileResource&>(*items_[index].resource);
    const std::span<const Difference> drift = items_[index].drift;
    RETURN_IF_ERROR(deadline_.Check("changing files"));
    ASSIGN_OR_RETURN(std::optional<sys::FileReplacement> write, file.PlainWrite(drift, host_));
    if (write.has_value()) {
      writes_.push_back(*std::move(write));
      indices_.push_back(index);
      return absl::OkStatus();
    }
    Flush();
    return file.Apply(drift, host_, deadline_);
  }

  void Flush() {
    if (writes_.empty()) {
      return;
    }
    std::vector<absl::Status> done = host_.write_files().ReplaceAll(writes_);
    for (std::size_t i = 0; i < indices_.size(); ++i) {
      statuses_[indices_[i]] = std::move(done[i]);
    }
    writes_.clear();
    indices_.clear();
  }

  const std::span<const resource::BatchItem> items_;
  sys::Host& host_;
  const Deadline deadline_;
  std::vector<absl::Status> statuses_;
  std::vector<sys::FileReplacement> writes_;
  std::vector<std::size_t> indices_;  // Of the items that these writes are for.
};

std::vector<absl::Status> ApplyBatch(std::span<const resource::BatchItem> items,
                                     sys::Host& host,
                                     Deadline deadline) {
  return Batch(items, host, deadline).Apply();
}

}  // namespace

const resource::ResourceType& FileType() {
  static const resource::ResourceType kType{
      .schema = &FileSchema(), .make = Make, .apply_batch = ApplyBatch, .batch_in_order = true};
  return kType;
}

}  // namespace fettle::modules
