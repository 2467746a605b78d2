// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fettle::sys {

// The one translation of errno into a status: "cannot <doing> <path>: <what the kernel said>".
// Codes: kNotFound for ENOENT and ENOTDIR; kPermissionDenied; kFailedPrecondition for what stays so
// until someone acts (wrong kind, read-only, full, busy; the file system is named); kUnavailable
// for what passes (out of descriptors or memory); kInvalidArgument for EINVAL; kInternal for the
// rest.
absl::Status ErrnoStatus(int error, std::string_view doing, std::string_view path);

// The kernel's words for `error`: "No such file or directory". Safe from any thread.
std::string_view ErrnoText(int error);

// The file system that `path` (or its nearest existing parent) is on, for a message: "/boot (ext4
// on /dev/sda1, read-only)"; "" when it cannot be told. Reads /proc/self/mountinfo: only for
// errors.
std::string DescribeFileSystem(const std::string& path);

// The same from the text of mountinfo(5) and a mount id; "" when it is not listed.
std::string DescribeMount(std::string_view mountinfo, uint64_t mount_id);

}  // namespace fettle::sys
