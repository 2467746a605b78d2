// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/undo/thing.h"
#include "lib/base/deadline.h"
#include "lib/sys/host.h"

namespace fettle::undo {

// The old content of a file, by its digest. kNotFound when it was not kept.
using OldContent = std::function<absl::StatusOr<std::string>(const Digest& digest)>;

// Which parts of a thing are to be as they were.
struct Wanted {
  const Thing* thing = nullptr;
  const Parts* before = nullptr;  // What they were.
  std::vector<std::string> parts;

  // Whether nothing of it was there before.
  bool removes() const;
};

// Why a part can't be put back although nothing stands in the way ("" when it can): its content was
// too large to keep, a version is not to be had any more.
std::string WhyNot(const Wanted& wanted,
                   const sys::HostReader& host,
                   const std::function<bool(const Digest&)>& kept,
                   Deadline deadline);

// Makes the wanted parts what they were. Can be repeated after an error or a kill.
absl::Status PutBack(const Wanted& wanted,
                     sys::Host& host,
                     const OldContent& content,
                     Deadline deadline);

}  // namespace fettle::undo
