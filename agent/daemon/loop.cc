// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/loop.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "agent/daemon/metrics.h"
#include "lib/base/status_macros.h"
#include "lib/sys/linux_files.h"

namespace fettle::agent {
namespace {

constexpr short kReadable = POLLIN | POLLHUP | POLLERR;

int Milliseconds(absl::Duration wait) {
  // Rounded up: waking a millisecond early means waking twice.
  constexpr int64_t kMost = 3'600'000;
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))), 0, kMost));
}

void WakeWatcher(std::span<const pollfd> watched, watch::Watcher* watcher) {
  bool touched = false;
  bool mounts = false;
  for (const pollfd& one : watched) {
    touched = touched || one.revents != 0;
    mounts = mounts || (one.revents != 0 && one.events == POLLPRI);
  }
  if (touched) {
    watcher->OnReady(mounts);
  }
}

}  // namespace

absl::Duration Loop::Wait() const {
  const absl::Duration now = parts_.clock.Monotonic();
  const absl::Duration wait =
      std::min({parts_.agent.UntilTick(), parts_.link.NextTick() - now, next_watchdog_ - now});
  return std::max(wait, absl::ZeroDuration());
}

void Loop::TellSystemd() {
  if (parts_.clock.Monotonic() >= next_watchdog_) {
    next_watchdog_ = parts_.clock.Monotonic() + parts_.watchdog;
    ::sd_notify(0, "WATCHDOG=1");
  }
  if (std::string line = parts_.agent.StatusLine(); line != told_) {
    told_ = std::move(line);
    ::sd_notify(0, fmt::format("STATUS={}", told_).c_str());
  }
}

// Only when something else woke us, and only what has changed.
void Loop::WriteMetrics() {
  if (parts_.metrics_file.empty()) {
    return;
  }
  std::string text = MetricsText(parts_.agent.Figures());
  if (text == metrics_) {
    return;
  }
  metrics_ = std::move(text);
  sys::ReplaceOptions readable;
  readable.uid = ::geteuid();
  readable.gid = ::getegid();
  const absl::Status written =
      sys::LinuxFiles("", "").Replace(parts_.metrics_file, metrics_, readable);
  std::string problem(Message(written));
  if (!written.ok() && problem != metrics_problem_) {
    spdlog::warn("metrics_file: {}; trying again when something changes", problem);
  }
  metrics_problem_ = std::move(problem);
}

bool Loop::RunOnce(absl::Duration most) {
  std::vector<pollfd> watched;
  const auto watch = [&](int fd, short events) { watched.push_back({fd, events, 0}); };
  watch(stopping_ ? -1 : parts_.signals.fd(), POLLIN);
  watch(parts_.converge.fd(), POLLIN);
  watch(parts_.link.fd(),
        static_cast<short>(parts_.link.wants_write() ? POLLIN | POLLOUT : POLLIN));
  for (const int fd : parts_.control.fds()) {
    watch(fd, POLLIN);
  }
  const std::size_t watchers = watched.size();
  for (const watch::Watcher::Descriptor& one : parts_.watcher.descriptors()) {
    watch(one.fd, one.events);
  }
  const int ready = ::poll(watched.data(), watched.size(), Milliseconds(std::min(most, Wait())));
  if (ready < 0 && errno != EINTR) {
    return false;
  }
  if (ready == 0 && ran_) {
    ::malloc_trim(0);  // All that came of the run is told, and nothing is under way.
    ran_ = false;
  }
  if ((watched[0].revents & kReadable) != 0) {
    stopping_ = true;
    ::sd_notify(0, "STOPPING=1");
    spdlog::info("asked to stop{}",
                 parts_.agent.Stop() ? "; a run is under way, ending it first" : "");
  }
  if ((watched[1].revents & kReadable) != 0) {
    if (std::optional<Outcome> outcome = parts_.converge.Take()) {
      parts_.agent.OnFinished(*std::move(outcome));
      ran_ = true;
    }
  }
  if ((watched[2].revents & kReadable) != 0) {
    parts_.link.OnReadable();
  }
  WakeWatcher(std::span<const pollfd>(watched).subspan(watchers), &parts_.watcher);
  for (std::size_t i = 3; i < watchers; ++i) {
    if ((watched[i].revents & kReadable) != 0) {
      parts_.control.OnReadable(watched[i].fd);
    }
  }
  parts_.agent.Tick();
  parts_.link.Tick();
  parts_.link.Flush();
  TellSystemd();
  WriteMetrics();
  return !stopping_ || parts_.agent.busy();
}

absl::Status Loop::Run() {
  ::sd_notify(0, "READY=1");
  while (RunOnce(absl::InfiniteDuration())) {
  }
  return absl::OkStatus();
}

}  // namespace fettle::agent
