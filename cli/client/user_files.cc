// SPDX-License-Identifier: Apache-2.0
#include "cli/client/user_files.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "lib/sys/linux_files.h"

namespace fettle::cli {

absl::StatusOr<std::string> ReadUserFile(const std::string& path, uint64_t most) {
  const sys::LinuxFiles files("", "");
  return files.Read(std::filesystem::absolute(path), most);
}

absl::Status WriteUserFile(const std::string& path, const std::string& content, uint32_t mode) {
  const std::string whole = std::filesystem::absolute(path);
  sys::LinuxFiles files("", "");
  sys::ReplaceOptions options;
  options.uid = geteuid();
  options.gid = getegid();
  options.mode = mode;
  if (auto there = files.Stat(whole); there.ok()) {
    options.expected = *std::move(there);
  }
  return files.Replace(whole, content, options);
}

}  // namespace fettle::cli
