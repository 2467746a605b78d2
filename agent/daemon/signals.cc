// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace fettle::agent {
namespace {

// A handler has no other way to know it.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above.
volatile sig_atomic_t stop_fd = -1;

void OnStop(int /*number*/) {
  const int error = errno;
  const uint64_t one = 1;
  if (::write(stop_fd, &one, sizeof one) < 0) {
    // It is already as high as it gets: the stop was seen.
  }
  errno = error;
}

void Handle(int number, void (*handler)(int)) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  stop_fd = fd_;
  Handle(SIGTERM, &OnStop);
  Handle(SIGINT, &OnStop);
  Handle(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  Handle(SIGTERM, SIG_DFL);
  Handle(SIGINT, SIG_DFL);
  stop_fd = -1;
  ::close(fd_);
}

}  // namespace fettle::agent
