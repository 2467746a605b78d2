// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/undo/put_back.h"

// Files, directories and links of PutBack(). For put_back.cc alone.
namespace fettle::undo {

std::string WhyNotFiles(const Wanted& wanted, const std::function<bool(const Digest&)>& kept);

absl::Status PutBackFiles(const Wanted& wanted,
                          sys::Host& host,
                          const OldContent& content,
                          Deadline deadline);

}  // namespace fettle::undo
