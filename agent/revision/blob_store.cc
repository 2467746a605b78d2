// SPDX-License-Identifier: Apache-2.0
#include "agent/revision/blob_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "agent/journal/disk.h"
#include "agent/report/segment.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr std::size_t kFolderDigits = 2;

absl::Status PruneFolder(const std::string& folder, const absl::flat_hash_set<Digest>& keep) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, report::NamesIn(folder));
  for (const std::string& name : names) {
    const auto digest = Digest::FromHex(name);  // Not one: a temporary that was left.
    const std::string path = folder + "/" + name;
    if ((!digest.ok() || !keep.contains(*digest)) && ::unlink(path.c_str()) != 0) {
      return journal::ErrnoStatus("remove", path);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string BlobStore::FolderOf(const Digest& digest) const {
  return directory_ + "/" + digest.Hex().substr(0, kFolderDigits);
}

std::string BlobStore::PathOf(const Digest& digest) const {
  return FolderOf(digest) + "/" + digest.Hex();
}

absl::StatusOr<std::string> BlobStore::Blob(const Digest& digest) const {
  const std::string path = PathOf(digest);
  ASSIGN_OR_RETURN(std::string data, journal::ReadWhole(path));
  if (Sha256(data) != digest) {
    ::unlink(path.c_str());
    return NotFound("{} was damaged and has been removed; it will be fetched again", path);
  }
  return data;
}

bool BlobStore::Has(const Digest& digest) const {
  struct stat found {};

  return ::lstat(PathOf(digest).c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

absl::Status BlobStore::Put(const Digest& digest, std::string_view data) {
  if (Sha256(data) != digest) {
    return absl::DataLossError(
        fmt::format("what came as blob {} has another digest", digest.Hex()));
  }
  RETURN_IF_ERROR(journal::MakePrivateDirectory(FolderOf(digest)));
  return journal::WriteUnsynced(PathOf(digest), data);
}

absl::Status BlobStore::Sync() const {
  const journal::File folder(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) {
    return errno == ENOENT ? absl::OkStatus() : journal::ErrnoStatus("open", directory_);
  }
  return ::syncfs(folder.fd()) == 0 ? absl::OkStatus() : journal::ErrnoStatus("sync", directory_);
}

absl::Status BlobStore::Prune(const absl::flat_hash_set<Digest>& keep) {
  const auto folders = report::NamesIn(directory_);
  if (absl::IsNotFound(folders.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(folders.status());
  for (const std::string& folder : *folders) {
    if (folder.size() == kFolderDigits) {
      RETURN_IF_ERROR(PruneFolder(directory_ + "/" + folder, keep));
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::agent
