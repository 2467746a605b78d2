// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Files of the person who runs the command. Paths are relative to where he is.
namespace fettle::cli {

// The whole of one, up to `most` bytes; kNotFound when there is none.
absl::StatusOr<std::string> ReadUserFile(const std::string& path, uint64_t most);

// Writes one that is his, whole or not at all; what was there is replaced.
absl::Status WriteUserFile(const std::string& path, const std::string& content, uint32_t mode);

}  // namespace fettle::cli
