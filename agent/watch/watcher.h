// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/watch/contention.h"
#include "agent/watch/debounce.h"
#include "agent/watch/interests.h"
#include "agent/watch/who.h"
#include "lib/base/clock.h"
#include "lib/resource/coverage.h"
#include "lib/resource/report.h"
#include "lib/sys/processes.h"
#include "lib/sys/watch_mounts.h"
#include "lib/sys/watch_paths.h"
#include "lib/sys/watch_units.h"

namespace fettle::watch {

// Tells which resources somebody may have touched, from what the kernel, systemd and the package
// database say; who it was; and how well each resource is watched. Decides nothing of what is done
// about it. Never blocks for long; one thread.
class Watcher {
 public:
  struct Parts {
    const Clock& clock;
    const sys::ProcessReader& processes;
    int64_t self = 0;  // Our own process: what it writes is no news.
    absl::Duration sweep = absl::Minutes(30);
    sys::WatchMarks::Options marks = {};
    // Null: units are not listened to.
    std::function<absl::StatusOr<sys::UnitWatch>()> connect_units = {};
    // Whether somebody is changing packages just now; null: never.
    std::function<bool()> packages_busy = {};
    Contention::Rules contention = {};
  };

  static constexpr absl::Duration kPoll = absl::Minutes(5);

  struct Descriptor {
    int fd = -1;
    short events = 0;  // Of poll(2).
  };

  explicit Watcher(Parts parts);

  // Watches these and no others. All of them are due at once: they may have changed while nobody
  // watched.
  void Watch(std::vector<Interests> resources);

  // How often the kernel could not tell all that happened.
  uint64_t losses() const { return losses_; }

  // What to wait for. They change with every call below.
  std::vector<Descriptor> descriptors() const;

  // One of them is ready; `mounts` when the one that waits for POLLPRI is (the kernel says it
  // once).
  void OnReady(bool mounts = false);

  // Does what is due by the clock.
  void Tick();

  // When Tick() or TakeDue() has something to do, in the clock's monotonic time.
  absl::Duration NextTick() const;

  struct Due {
    std::vector<std::string> ids;  // To be looked at now, and put right where that is wanted.
    bool look_only = false;        // They are fought over: only look.
  };

  // Each is named once. To be called until it answers none.
  Due TakeDue();

  // After a run over `only` (empty: all): adds who did it and what is fought over to the report,
  // and forgets what is settled.
  void Complete(const std::vector<std::string>& only, resource::RunReport* report);

  // How each resource is watched, when that changed since the last call.
  std::optional<std::map<std::string, resource::Coverage>> TakeCoverage();

  // What went amiss, for the log; emptied by the call.
  std::vector<std::string> TakeMessages();

 private:
  void ReadPaths(absl::Duration now);
  void ReadUnits(absl::Duration now);
  void ReadMounts(absl::Duration now);
  void ConnectUnits(absl::Duration now);
  void OnPath(const sys::PathEvent& event, absl::Duration now);
  void Touch(std::size_t index, absl::Duration settle, absl::Duration now, absl::Duration most);
  void TouchAll(const TouchMap::Indices& indices, absl::Duration settle, absl::Duration now);
  void TouchEverythingWithPaths(absl::Duration now);
  void Blame(std::size_t index, const Culprit& culprit);
  void NoteTransaction(std::size_t index);
  resource::Coverage CoverageOf(std::size_t index) const;
  // Why the kernel does not tell of it; "" when it does.
  std::string Gap(std::size_t index) const;
  void FindPolled();

  bool PackagesBusy() const { return parts_.packages_busy && parts_.packages_busy(); }

  const Parts parts_;
  std::vector<Interests> resources_;
  std::map<std::string, std::size_t, std::less<>> index_;
  TouchMap map_;
  std::vector<std::vector<std::size_t>> paths_of_;  // By resource: its places among map_.paths().
  sys::PathWatch paths_;
  sys::MountWatch mounts_;
  std::set<std::string> mount_points_;
  std::optional<sys::UnitWatch> units_;
  absl::Duration next_connect_ = absl::InfiniteDuration();
  absl::Duration connect_backoff_;
  Who who_;
  Debounce debounce_;
  Contention contention_;
  std::set<std::size_t> looked_while_resting_;
  std::map<std::size_t, resource::Actor> actors_;
  std::vector<std::size_t> polled_;
  absl::Duration next_poll_ = absl::InfiniteDuration();
  bool coverage_changed_ = false;
  std::vector<std::string> messages_;
  uint64_t losses_ = 0;
};

}  // namespace fettle::watch
