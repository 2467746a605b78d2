// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/fetch_tree.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "fettle/v1/policy.pb.h"
#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

absl::Status MakeFolder(const std::string& path, uint32_t mode, sys::Host& host) {
  return host.files().Stat(path).ok()
             ? absl::OkStatus()
             : host.write_files().MakeDirectory(path, mode, geteuid(), getegid());
}

}  // namespace

absl::StatusOr<policy::Manifest> FetchManifest(const PolicyClient& client,
                                               const v1::Revision& revision) {
  ASSIGN_OR_RETURN(const Digest tree, Digest::FromRaw(revision.tree()));
  ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs({tree}));
  return policy::ParseManifest(blobs.at(tree));
}

absl::Status WriteTree(const PolicyClient& client,
                       const policy::Manifest& manifest,
                       const std::string& folder) {
  std::error_code error;
  const std::string root = std::filesystem::absolute(folder, error).lexically_normal().string();
  if (error) {
    return InvalidArgument("{}: {}", folder, error.message());
  }
  const auto host = sys::MakeLinuxHost({});
  sys::ReplaceOptions options;
  options.uid = geteuid();
  options.gid = getegid();
  RETURN_IF_ERROR(MakeFolder(root, 0700, *host));
  ASSIGN_OR_RETURN(const std::vector<std::string> there, host->files().List(root));
  if (!there.empty()) {
    return absl::AlreadyExistsError(fmt::format("{}: is not empty", root));
  }
  for (const policy::ManifestEntry& entry : manifest.entries) {
    ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs({entry.digest}));
    for (std::size_t at = entry.path.find('/'); at != std::string::npos;
         at = entry.path.find('/', at + 1)) {
      RETURN_IF_ERROR(
          MakeFolder(fmt::format("{}/{}", root, entry.path.substr(0, at)), 0755, *host));
    }
    options.mode = entry.executable ? 0755 : 0644;
    RETURN_IF_ERROR(host->write_files().Replace(
        fmt::format("{}/{}", root, entry.path), blobs.at(entry.digest), options));
  }
  return absl::OkStatus();
}

}  // namespace fettle::cli
