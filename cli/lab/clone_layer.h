// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace fettle::lab {

// One overlay of a clone: `lower` (the machine's folder, never written) seen at `mount_point` of
// the clone, with what differs in `upper`. `work` belongs to the kernel.
struct Layer {
  std::string mount_point;  // As seen in the clone: "/", "/var".
  std::string lower;
  std::string upper;
  std::string work;
};

// Edits a clone before its overlays are mounted, by writing into their upper layers: nothing can
// follow a link of the clone into the machine's own files, and hiding a large folder is one entry.
// Paths are absolute, as seen in the clone. Needs root (entries that hide others are device nodes).
class CloneLayer {
 public:
  // `layers`: "/" first, parents before children.
  explicit CloneLayer(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  // Makes `path` a regular file of root, mode 0644. kFailedPrecondition when a folder above it is a
  // symbolic link on the machine.
  absl::Status Write(const std::string& path, std::string_view content) const;

  // Makes `path` a symbolic link.
  absl::Status Link(const std::string& path, const std::string& target) const;

  // Makes `path`, and all below it, absent; OK when the machine hasn't got it.
  absl::Status Hide(const std::string& path) const;

  // The machine's names in the folder `path`, sorted.
  std::vector<std::string> List(const std::string& path) const;

  // Where the machine has `path`.
  std::string LowerPath(const std::string& path) const;

 private:
  const Layer& LayerOf(const std::string& path) const;

  // Makes the folders above `path` in its upper layer like the machine's, removes what an earlier
  // edit put at `path`, and returns where `path` lies there.
  absl::Status MakeWay(const std::string& path, std::string* upper_path) const;

  std::vector<Layer> layers_;
};

}  // namespace fettle::lab
