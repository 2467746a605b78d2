// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "cli/lab/state.h"
#include "lib/base/deadline.h"

// Throwaway test hosts: clones of this very machine, booted. A clone is an overlay over the
// machine's file system whose writes land on a tmpfs, with its own process, network and host name
// spaces and its own systemd. The machine itself is not changed; all that is made is named by the
// lab's number or lies below the state folder, and is recorded before it is made, so that Down()
// finds it after any crash.
//
// Who should use this: `fettle lab`, the tests on really booted hosts, rehearsals. Root only; calls
// fork, so for programs with one thread.
namespace fettle::lab {

inline constexpr const char* kStateFolder = "/run/fettle-lab";

struct UpOptions {
  std::vector<std::string> hosts;  // Their names.
  std::vector<std::string> binds;  // "PATH" or "PATH:DEST": shown read-only in new hosts.
  absl::Duration timeout = absl::Seconds(60);
  bool host_network = false;  // New hosts share the machine's network instead of the lab's.
  uint64_t memory_bytes = 0;  // Of each new host, as far as the machine can hold it to it; 0: any.
  int cpu_percent = 0;        // Likewise; 100 is one processor.
};

struct HostStatus {
  std::string name;
  std::string address;
  std::string state;  // off, starting, running, degraded, maintenance, stopping; broken without a
                      // record.
  bool cut = false;
  pid_t pid = 0;  // The host's PID 1, as the machine sees it; 0 when off.
  std::string console_log;
};

struct LabStatus {
  std::string name;
  std::string bridge;
  std::string gateway;
  std::vector<HostStatus> hosts;
};

class Lab {
 public:
  using Progress = std::function<void(std::string_view line)>;

  // `progress` gets a line for each thing done.
  Lab(State state, std::string name, Progress progress)
      : state_(std::move(state)), name_(std::move(name)), progress_(std::move(progress)) {}

  // Makes and boots the hosts that don't exist, boots those that are off, and waits until all have
  // finished booting. A host with failed units counts as booted; progress names them. On an error
  // what was made stays, for a look at it and for Down().
  absl::Status Up(const UpOptions& options);

  // Boots a host that is off with the files it had when it went off.
  absl::Status Boot(const std::string& host, absl::Duration timeout);

  // Loss of power: the host falls silent, and its processes are gone. What it wrote outside /run
  // and /tmp stays.
  absl::Status Kill(const std::string& host);

  // Pulls a host's network cable, and plugs it in again.
  absl::Status Cut(const std::string& host);
  absl::Status Join(const std::string& host);

  // Runs argv in a host with this process's standard streams; see RunInside() for the rest.
  absl::StatusOr<int> Exec(const std::string& host,
                           const std::vector<std::string>& argv,
                           const std::map<std::string, std::string>& environment);

  // Removes the named hosts with everything of theirs; all hosts and the lab when none is named.
  // Works on whatever a crash left. OK when there is nothing.
  absl::Status Down(const std::vector<std::string>& hosts);

  // kNotFound when there is no such lab.
  absl::StatusOr<LabStatus> List() const;

 private:
  absl::Status CheckNames(const std::vector<std::string>& hosts) const;
  absl::StatusOr<int> NumberOrNotFound() const;
  absl::StatusOr<int> MakeLab(Deadline deadline);
  absl::StatusOr<std::vector<HostRecord>> CompleteHosts();
  absl::StatusOr<std::vector<HostRecord>> RecordHosts(const UpOptions& options, int number);
  absl::Status SaveNewHost(const HostRecord& host, int number);
  absl::Status MakeClone(HostRecord& host, int number);
  absl::Status StartHost(HostRecord& host, int number, Deadline deadline);
  absl::StatusOr<std::vector<HostRecord>> StartHosts(const UpOptions& options, Deadline deadline);
  absl::Status TakeBooted(std::vector<HostRecord>& waiting, int number, Deadline deadline);
  absl::Status WaitUntilBooted(std::vector<HostRecord> waiting, int number, Deadline deadline);
  absl::Status ReportBooted(const HostRecord& host, const std::string& state, int number);
  absl::Status SetCable(const std::string& host, bool in);
  absl::Status RemoveHost(const std::string& host, Deadline deadline);
  absl::Status RemoveLab(Deadline deadline);

  State state_;
  std::string name_;
  Progress progress_;
};

}  // namespace fettle::lab
