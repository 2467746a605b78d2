// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/lab/process.h"
#include "lib/base/deadline.h"

namespace fettle::lab {

// What is known of one host. Written before the thing it speaks of is made.
struct HostRecord {
  std::string name;
  int index = 0;                          // In the lab; gives address, machine and port name.
  bool prepared = false;                  // The clone's layers are complete.
  bool cut = false;                       // Its cable is out.
  bool host_network = false;              // It has no cable: it shares the machine's network.
  uint64_t memory_bytes = 0;              // It may use so much; 0: no limit.
  int cpu_percent = 0;                    // Likewise.
  std::vector<std::string> mount_points;  // What the clone covers, "/" first.
  std::vector<std::string> binds;
  ProcessId supervisor;  // systemd-nspawn; pid 0 when off.
};

// The records of all labs, as files below one folder:
//   BASE/lock            held while labs are made, changed or removed
//   BASE/LAB/lab.json    the lab's number
//   BASE/LAB/HOST/       host.json, disk/ (tmpfs: layers), root/ (the clone), console.log
class State {
 public:
  explicit State(std::string base) : base_(std::move(base)) {}

  // Holds the lock until destroyed.
  class Lock {
   public:
    explicit Lock(int fd) : fd_(fd) {}

    Lock(Lock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    int fd_;
  };

  // Makes the base folder if need be. kDeadlineExceeded when another process keeps the lock.
  absl::StatusOr<Lock> Acquire(Deadline deadline) const;

  // Removes the base folder if no lab is left. The lock must be held.
  void RemoveIfEmpty() const;

  std::vector<std::string> Labs() const;

  std::string LabFolder(const std::string& lab) const { return base_ + "/" + lab; }

  // The lab's number; nothing when there is no such lab, or its record was never written.
  std::optional<int> LabNumber(const std::string& lab) const;
  absl::Status SaveLab(const std::string& lab, int number) const;

  // Hosts that have a folder, their record may be missing.
  std::vector<std::string> Hosts(const std::string& lab) const;
  std::string HostFolder(const std::string& lab, const std::string& host) const;

  // kNotFound when there is none.
  absl::StatusOr<HostRecord> LoadHost(const std::string& lab, const std::string& host) const;
  absl::Status SaveHost(const std::string& lab, const HostRecord& host) const;

 private:
  std::string base_;
};

}  // namespace fettle::lab
