// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// A file of lines that others read and rotate: it is only ever appended to. Opened when the first
// line comes, and again when somebody has moved it away (logrotate needs no signal). A file that
// grows too large is moved to PATH.1, over the one that was there, so that both together take at
// most twice `most_bytes` and one append. Used by one thread.
class AppendedFile {
 public:
  // `most_bytes` 0: without end. A new file has mode 0640; its folder must be there.
  AppendedFile(std::string path, uint64_t most_bytes);

  // Appends `lines`, each ended by '\n', and returns when they are on disk. On failure the file is
  // cut to what it was, as far as that is possible; a line that a power loss tore is ended first,
  // so that it stands alone.
  absl::Status Append(std::string_view lines);

 private:
  absl::Status Open();
  absl::Status MakeRoom(uint64_t bytes);
  bool MovedAway() const;

  const std::string path_;
  const uint64_t most_bytes_;
  UniqueFd file_;
};

}  // namespace fettle::sys
