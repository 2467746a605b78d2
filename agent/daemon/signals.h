// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fettle::agent {

// Makes SIGTERM and SIGINT readable, and ignores SIGPIPE. By a handler, not by a blocked mask: the
// programs that the agent runs would inherit that. At most one in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Becomes readable when the process is asked to stop, and stays so.
  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace fettle::agent
