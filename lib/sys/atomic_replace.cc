// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/atomic_replace.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/attributes.h"
#include "lib/sys/errno.h"
#include "lib/sys/read_fd.h"

namespace fettle::sys {
namespace {

absl::Status RefuseKind(const Look& look, const std::string& path) {
  switch (look.stat.kind) {
    case FileKind::kRegular:
      return absl::OkStatus();
    case FileKind::kDirectory:
      return FailedPrecondition("cannot replace {}: it is a directory", path);
    case FileKind::kLink:
      return FailedPrecondition(
          "cannot replace {}: it is a symbolic link; manage its target or remove the link first",
          path);
    case FileKind::kOther:
      return FailedPrecondition("cannot replace {}: it is a device, socket or pipe", path);
  }
  return Internal("{}: unknown kind of file", path);
}

absl::Status RefuseSwap(const Look& look, const std::string& path) {
  RETURN_IF_ERROR(RefuseKind(look, path));
  if (look.mount_point) {
    return FailedPrecondition(
        "cannot replace {}: it is a mount point (bind-mounted file); say in_place = true to write "
        "into it",
        path);
  }
  if (look.stat.links > 1) {
    return FailedPrecondition(
        "cannot replace {}: it has {} hard links, which a swap would tear apart; say in_place = "
        "true "
        "to write into it and keep them",
        path,
        look.stat.links);
  }
  return absl::OkStatus();
}

// O_NOATIME is refused to those who do not own the file; then without.
UniqueFd OpenOld(const Place& place) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd fd(openat(place.directory.get(), place.name.c_str(), kFlags | O_NOATIME));
  if (!fd.valid() && errno == EPERM) {
    fd = UniqueFd(openat(place.directory.get(), place.name.c_str(), kFlags));
  }
  return fd;
}

absl::Status SetOwnerAndMode(int fd, const ReplaceOptions& options, const std::string& path) {
  if (fchown(fd, options.uid, options.gid) != 0) {
    return ErrnoStatus(errno, "set the owner of", path);
  }
  // After the owner: chown(2) clears setuid and setgid.
  if (fchmod(fd, options.mode & 07777U) != 0) {
    return ErrnoStatus(errno, "set the mode of", path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckExpected(const Place& place, const std::optional<FileStat>& expected) {
  Look now;
  const int error = LookAt(place.directory.get(), place.name.c_str(), &now);
  if (error != 0 && error != ENOENT) {
    return PlaceError(error, "look at", place);
  }
  if (error == ENOENT && expected.has_value()) {
    return Aborted("{} has been removed since it was looked at; left alone", place.path);
  }
  if (error == 0 && !expected.has_value()) {
    return Aborted("{} has appeared since it was looked at; left alone", place.path);
  }
  if (error == 0 && now.stat != *expected) {
    return Aborted("{} has been changed by someone since it was looked at; left alone", place.path);
  }
  return absl::OkStatus();
}

absl::StatusOr<Replacement> Replacement::Begin(const std::string& path,
                                               const ReplaceOptions& options) {
  ASSIGN_OR_RETURN(Place place, OpenPlace(path));
  Replacement replacement(std::move(place), options);
  RETURN_IF_ERROR(replacement.CheckOld());
  return replacement;
}

absl::Status Replacement::CheckOld() {
  Look look;
  const int error = LookAt(place_.directory.get(), place_.name.c_str(), &look);
  if (error == ENOENT) {
    return options_->expected.has_value() ? CheckExpected(place_, options_->expected)
                                          : absl::OkStatus();
  }
  if (error != 0) {
    return PlaceError(error, "look at", place_);
  }
  const bool other = look.stat.kind == FileKind::kLink || look.stat.kind == FileKind::kOther;
  const bool meant = options_->expected.has_value() && options_->expected->kind == look.stat.kind;
  if (other && meant) {
    return CheckExpected(place_, options_->expected);  // Nothing of it is kept.
  }
  RETURN_IF_ERROR(RefuseSwap(look, place_.path));
  if (!options_->expected.has_value() || look.stat != *options_->expected) {
    return CheckExpected(place_, options_->expected);
  }
  old_ = OpenOld(place_);
  if (!old_.valid()) {
    return PlaceError(errno, "open", place_);
  }
  const std::string_view immutable = ImmutableText(old_.get());
  if (!immutable.empty()) {
    return FailedPrecondition("cannot replace {}: {}", place_.path, immutable);
  }
  return absl::OkStatus();
}

Replacement::~Replacement() {
  if (!temporary_.empty() && place_.directory.valid()) {
    unlinkat(place_.directory.get(), temporary_.c_str(), 0);
  }
}

absl::Status Replacement::Stage(std::string_view content) {
  std::string name = NewTemporaryName();
  staged_ = UniqueFd(openat(place_.directory.get(),
                            name.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                            0600));
  if (!staged_.valid()) {
    return PlaceError(errno, "make a temporary for", place_);
  }
  temporary_ = std::move(name);
  if (const int error = WriteAll(staged_.get(), content); error != 0) {
    return PlaceError(error, "write the new content of", place_);
  }
  RETURN_IF_ERROR(CopyAttributes());
  return SetOwnerAndMode(staged_.get(), *options_, place_.path);
}

absl::Status Replacement::CopyAttributes() {
  if (!old_.valid()) {
    return LabelNewFile(staged_.get(), place_.path);
  }
  // Before the mode is set: with an access list, the mode's group bits are the list's mask.
  return CopyExtendedAttributes(old_.get(), staged_.get(), place_.path);
}

absl::Status Replacement::Validate() {
  if (!options_->validate) {
    return absl::OkStatus();
  }
  const std::size_t slash = place_.path.rfind('/');
  return options_->validate(place_.path.substr(0, slash + 1) + temporary_);
}

absl::Status Replacement::SyncContent() {
  if (fsync(staged_.get()) != 0) {
    return PlaceError(errno, "sync the new content of", place_);
  }
  return absl::OkStatus();
}

void Replacement::CloseFiles() {
  old_.Close();
  staged_.Close();
}

absl::Status Replacement::Swap() {
  RETURN_IF_ERROR(CheckExpected(place_, options_->expected));
  const int directory = place_.directory.get();
  const unsigned flags = options_->expected.has_value() ? 0 : RENAME_NOREPLACE;
  int result = renameat2(directory, temporary_.c_str(), directory, place_.name.c_str(), flags);
  if (result != 0 && errno == EINVAL && flags != 0) {
    // The file system cannot rename without replacing; the look above has to do.
    result = renameat(directory, temporary_.c_str(), directory, place_.name.c_str());
  }
  if (result != 0 && errno == EEXIST) {
    return Aborted("{} has appeared since it was looked at; left alone", place_.path);
  }
  if (result != 0) {
    return PlaceError(errno, "replace", place_);
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status Replacement::SyncName() {
  return SyncDirectory(place_);
}

absl::Status ReplaceFile(const std::string& path,
                         std::string_view content,
                         const ReplaceOptions& options) {
  ASSIGN_OR_RETURN(Replacement replacement, Replacement::Begin(path, options));
  RETURN_IF_ERROR(replacement.Stage(content));
  RETURN_IF_ERROR(replacement.Validate());
  RETURN_IF_ERROR(replacement.SyncContent());
  RETURN_IF_ERROR(replacement.Swap());
  return replacement.SyncName();
}

}  // namespace fettle::sys
