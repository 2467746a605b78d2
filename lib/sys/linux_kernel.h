// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/sys/kernel.h"

namespace fettle::sys {

// /proc/sys of this machine. Safe from many threads.
class LinuxKernel final : public KernelReader, public KernelWriter {
 public:
  absl::StatusOr<std::string> Sysctl(const std::string& key) const override;
  absl::Status SetSysctl(const std::string& key, const std::string& value) override;
};

// The path below /proc/sys of a key, by sysctl.d(5)'s rule: if its first separator is a dot, dots
// and slashes trade places; if it is a slash, all stay. kInvalidArgument for what would lead
// elsewhere.
absl::StatusOr<std::string> SysctlPath(const std::string& key);

// With runs of white space as one blank, none at the ends.
std::string CanonicalSysctl(std::string_view value);

}  // namespace fettle::sys
