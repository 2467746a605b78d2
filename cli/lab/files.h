// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The few file calls that the lab makes below /run/fettle-lab, /proc and /sys.
namespace fettle::lab {

// What errno value `error` means, in English.
std::string ErrnoText(int error);

// A status for errno value `error`: kNotFound for ENOENT, kPermissionDenied for EPERM and EACCES,
// otherwise kInternal; the message is "doing: meaning".
absl::Status ErrnoStatus(int error, std::string_view doing);

// The whole of a small file. kNotFound when it isn't there.
absl::StatusOr<std::string> ReadText(const std::string& path);

// Makes `path` hold `text`: readers see the old content or the new one, never a part.
absl::Status WriteText(const std::string& path, std::string_view text);

// Writes `text` into an existing file of /proc or /sys in one call.
absl::Status WriteKernelFile(const std::string& path, std::string_view text);

// Names in a folder, sorted, without "." and ".."; none when it can't be read.
std::vector<std::string> ListFolder(const std::string& path);

// Whether something is there, a dangling link included.
bool Exists(const std::string& path);

// Makes the folder and those above it, mode 0755.
absl::Status MakeFolders(const std::string& path);

// Removes files and folders below `path` and `path` itself, without crossing into another file
// system; OK when it isn't there.
absl::Status RemoveFolder(const std::string& path);

}  // namespace fettle::lab
