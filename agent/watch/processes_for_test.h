// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/sys/processes.h"

namespace fettle::watch {

// Processes as a test says they are.
class ProcessesForTest final : public sys::ProcessReader {
 public:
  void Add(sys::ProcessInfo process) { processes[process.pid] = std::move(process); }

  std::optional<sys::ProcessInfo> Look(int64_t pid) const override {
    const auto found = processes.find(pid);
    return found == processes.end() ? std::nullopt : std::optional(found->second);
  }

  std::string Variable(int64_t pid, std::string_view /*name*/) const override {
    const auto found = variables.find(pid);
    return found == variables.end() ? "" : found->second;
  }

  std::vector<int64_t> Named(std::string_view name) const override {
    std::vector<int64_t> pids;
    for (const auto& [pid, process] : processes) {
      if (process.name == name) {
        pids.push_back(pid);
      }
    }
    return pids;
  }

  std::string Tail(const std::string& /*path*/, std::size_t /*most*/) const override { return ""; }

  std::string UserName(uint32_t uid) const override {
    const auto found = users.find(uid);
    return found == users.end() ? std::to_string(uid) : found->second;
  }

  std::map<int64_t, sys::ProcessInfo> processes;
  std::map<int64_t, std::string> variables;  // SSH_CONNECTION.
  std::map<uint32_t, std::string> users;
};

}  // namespace fettle::watch
