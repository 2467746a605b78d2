// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/lab/clone_layer.h"

namespace fettle::lab {

// One line of /proc/self/mountinfo.
struct Mount {
  std::string point;
  std::string type;
};

// The mounts that the text of /proc/self/mountinfo lists, in its order; paths are unescaped.
std::vector<Mount> ParseMountInfo(std::string_view text);

// The mounts of this process.
absl::StatusOr<std::vector<Mount>> CurrentMounts();

// Mount points whose content a clone of the machine must show, "/" first: the root, and what lies
// on a disk of its own below /etc, /home, /opt, /root, /srv, /usr and /var (an overlay does not
// follow mounts of its lower side). Parents stand before children.
std::vector<std::string> ClonedMountPoints(const std::vector<Mount>& mounts);

// Where the layers of the clone in `host_folder` lie. Nothing is made.
std::vector<Layer> LayersOf(const std::string& host_folder,
                            const std::vector<std::string>& mount_points);

// Mounts a tmpfs on `host_folder`/disk and makes the layers' empty folders there, with the owners
// and modes of what they cover.
absl::Status MakeLayers(const std::string& host_folder, const std::vector<Layer>& layers);

// Mounts one overlay a layer on `host_folder`/root: the clone. OK when it is mounted already.
absl::Status MountClone(const std::string& host_folder, const std::vector<Layer>& layers);

// Unmounts everything at and below `folder`, last mounted first. A mount that a process still keeps
// busy is detached: it goes away with that process.
absl::Status UnmountBelow(const std::string& folder);

}  // namespace fettle::lab
