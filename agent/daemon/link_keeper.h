// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "agent/daemon/agent.h"
#include "agent/link/child.h"
#include "agent/link/port.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// Keeps the link running: starts it, passes on what it says, starts it again when it ends, later
// each time that it ends soon. One thread.
class LinkKeeper {
 public:
  LinkKeeper(std::string program,
             std::string user,
             const link::ReportSigner& signer,
             Agent& agent,
             const Clock& clock)
      : program_(std::move(program)),
        user_(std::move(user)),
        signer_(signer),
        agent_(agent),
        clock_(clock) {}

  // Starts a link, if there is none and it is time.
  void Tick();

  // When Tick() has something to do, in the clock's monotonic time.
  absl::Duration NextTick() const { return running_.has_value() ? absl::InfiniteDuration() : due_; }

  // The socket to watch; -1 when there is no link.
  int fd() const { return running_.has_value() ? running_->child.socket() : -1; }

  bool wants_write() const { return running_.has_value() && running_->port.wants_write(); }

  // There is something to read, or the link has ended.
  void OnReadable();

  // Writes what the agent has said since.
  void Flush();

 private:
  struct Running {
    Running(link::LinkChild started, const link::ReportSigner& signer)
        : child(std::move(started)), port(child.socket(), signer) {}

    link::LinkChild child;
    link::Port port;
  };

  void Lose(const std::string& why);
  void RetryLater();

  const std::string program_;
  const std::string user_;
  const link::ReportSigner& signer_;
  Agent& agent_;
  const Clock& clock_;
  std::optional<Running> running_;
  absl::Duration started_ = absl::ZeroDuration();
  absl::Duration due_ = absl::ZeroDuration();
  absl::Duration wait_ = absl::ZeroDuration();
};

}  // namespace fettle::agent
