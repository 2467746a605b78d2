// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::sys {

// A process as /proc shows it at one moment.
struct ProcessInfo {
  int64_t pid = 0;
  int64_t parent = 0;
  std::string name;                    // The kernel's short name, "vim.basic".
  std::string executable;              // "" for kernel threads.
  std::vector<std::string> arguments;  // May be secret.
  uint32_t uid = 0;                    // Effective.
  std::optional<uint32_t> login_uid;   // Who logged in; nullopt for daemons.
  std::string cgroup;                  // "/system.slice/cron.service".
};

// Looks at processes. For one thread.
class ProcessReader {
 public:
  virtual ~ProcessReader() = default;

  // nullopt when it has gone.
  virtual std::optional<ProcessInfo> Look(int64_t pid) const = 0;

  // A variable of its environment as it was started; "" when there is none, or it has gone.
  virtual std::string Variable(int64_t pid, std::string_view name) const = 0;

  // All that run the program of this short name.
  virtual std::vector<int64_t> Named(std::string_view name) const = 0;

  // The end of a text file, whole lines; "" when it cannot be read.
  virtual std::string Tail(const std::string& path, std::size_t most) const = 0;

  // The local user of a number; the number itself when there is none.
  virtual std::string UserName(uint32_t uid) const = 0;
};

// Those of this machine, from /proc and /etc/passwd.
class LinuxProcesses final : public ProcessReader {
 public:
  std::optional<ProcessInfo> Look(int64_t pid) const override;
  std::string Variable(int64_t pid, std::string_view name) const override;
  std::vector<int64_t> Named(std::string_view name) const override;
  std::string Tail(const std::string& path, std::size_t most) const override;
  std::string UserName(uint32_t uid) const override;
};

}  // namespace fettle::sys
