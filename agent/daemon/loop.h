// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/daemon/agent.h"
#include "agent/daemon/control.h"
#include "agent/daemon/converge_thread.h"
#include "agent/daemon/link_keeper.h"
#include "agent/daemon/signals.h"
#include "agent/watch/watcher.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// The daemon's one thread of events: waits for whatever comes first (the link, an outcome, somebody
// at the control socket, a signal, the clock), hands it on, and waits again. Idle, it sleeps until
// the next heartbeat.
class Loop {
 public:
  struct Parts {
    Agent& agent;
    LinkKeeper& link;
    ConvergeThread& converge;
    ControlServer& control;
    StopSignals& signals;
    watch::Watcher& watcher;
    const Clock& clock;
    absl::Duration watchdog;     // Tell systemd at least this often; infinite for never.
    std::string metrics_file{};  // What Agent::Figures() says is written there; "" nowhere.
  };

  explicit Loop(const Parts& parts) : parts_(parts) {}

  // Until the process is asked to stop and the run under way is over.
  absl::Status Run();

  // One turn: waits at most `most`, handles what came. False: time to end.
  bool RunOnce(absl::Duration most);

 private:
  absl::Duration Wait() const;
  void TellSystemd();
  void WriteMetrics();

  const Parts parts_;
  bool stopping_ = false;
  bool ran_ = false;     // Since memory was last given back.
  std::string told_;     // What systemd shows for us.
  std::string metrics_;  // What is in the file.
  std::string metrics_problem_;
  absl::Duration next_watchdog_ = absl::ZeroDuration();
};

}  // namespace fettle::agent
