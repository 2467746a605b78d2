// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_kernel.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/errno.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMaxValue = 1 << 20;

absl::Status NoSuchKey(const std::string& key) {
  return NotFound("no kernel setting {} (is its module loaded?)", key);
}

}  // namespace

absl::StatusOr<std::string> SysctlPath(const std::string& key) {
  std::string path = key;
  const std::size_t first = path.find_first_of("./");
  if (first != std::string::npos && path[first] == '.') {
    std::for_each(
        path.begin(), path.end(), [](char& c) { c = c == '.' ? '/' : (c == '/' ? '.' : c); });
  }
  for (const std::string_view part : Split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return InvalidArgument("\"{}\" is no kernel setting: write it as net.ipv4.ip_forward", key);
    }
  }
  return "/proc/sys/" + path;
}

std::string CanonicalSysctl(std::string_view value) {
  std::string canonical;
  bool blank = false;
  for (const char c : Trim(value)) {
    if (c == ' ' || c == '\t' || c == '\n') {
      blank = true;
      continue;
    }
    if (blank) {
      canonical += ' ';
      blank = false;
    }
    canonical += c;
  }
  return canonical;
}

absl::StatusOr<std::string> LinuxKernel::Sysctl(const std::string& key) const {
  ASSIGN_OR_RETURN(const std::string path, SysctlPath(key));
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string value;
  const int error = fd.valid() ? ReadAll(fd.get(), 0, kMaxValue, &value) : errno;
  if (error == ENOENT || error == ENOTDIR) {
    return NoSuchKey(key);
  }
  if (error == EISDIR) {
    return InvalidArgument("{} is a group of kernel settings, not one", key);
  }
  // Settings that only trigger something (vm.compact_memory, …) have no read permission even for
  // root.
  if (error == EACCES && access(path.c_str(), W_OK) == 0) {
    return FailedPrecondition("kernel setting {} can only be written", key);
  }
  if (error != 0) {
    return ErrnoStatus(error, "read the kernel setting", key);
  }
  return CanonicalSysctl(value);
}

absl::Status LinuxKernel::SetSysctl(const std::string& key, const std::string& value) {
  ASSIGN_OR_RETURN(const std::string path, SysctlPath(key));
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) {
    return errno == ENOENT || errno == ENOTDIR ? NoSuchKey(key)
                                               : ErrnoStatus(errno, "set the kernel setting", key);
  }
  // In one write: the kernel takes each write as a whole value.
  if (write(fd.get(), value.data(), value.size()) < 0) {
    return errno == EINVAL || errno == ERANGE || errno == EFAULT
               ? InvalidArgument("the kernel refuses {} = \"{}\": {}", key, value, ErrnoText(errno))
               : ErrnoStatus(errno, "set the kernel setting", key);
  }
  return absl::OkStatus();
}

}  // namespace fettle::sys
