// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/program_beside.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "lib/sys/errno.h"

namespace fettle::sys {

absl::StatusOr<std::string> ProgramBeside(std::string_view name) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (size <= 0) {
    return ErrnoStatus(errno, "read", "/proc/self/exe");
  }
  std::string program(buffer.data(), static_cast<std::size_t>(size));
  // A program that was replaced while it runs, by an upgrade.
  constexpr std::string_view kDeleted = " (deleted)";
  if (program.ends_with(kDeleted)) {
    program.resize(program.size() - kDeleted.size());
  }
  program.resize(program.rfind('/') + 1);
  program += name;
  return program;
}

}  // namespace fettle::sys
