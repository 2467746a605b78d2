// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "lib/base/deadline.h"

namespace fettle::testing {

// One call that the code under test made to the host.
struct FakeCall {
  bool write = false;
  std::string what;  // "Replace /etc/motd", "Restart nginx.service".
};

// The log of calls to a FakeHost, and the switch for faults. Safe from many threads; its mutex
// guards the whole fake machine and is recursive, because scripted commands and validators call the
// machine back.
class FakeCalls {
 public:
  // The `k`-th call from now on (1 is the next), reading or writing, fails with `status` and does
  // nothing. Once.
  void FailCall(std::size_t k, absl::Status status);

  // Every call whose text contains `part` fails with `status` and does nothing, until
  // ClearFaults().
  void FailMatching(std::string part, absl::Status status);

  // The power goes right after the `k`-th writing call from now on: every later call fails with
  // kUnavailable, until FakeHost::Reboot().
  void CrashAfterWrite(std::size_t k);

  bool crashed() const;

  // Whether the fault that FailCall() ordered has struck.
  bool fault_struck() const;

  // No faults, powered on.
  void ClearFaults();

  std::vector<FakeCall> log() const;
  std::size_t reads() const;
  std::size_t writes() const;
  // How many logged calls contain `part`.
  std::size_t CountMatching(std::string_view part) const;
  void ClearLog();

  // For the parts of the machine.

  // Called first by every call of a host interface; what it answers, the call answers, unless OK.
  absl::Status Begin(bool write, std::string what, Deadline deadline = Deadline::Never());

  // Called last by every writing call that did something: here the crash may strike.
  void Wrote();

  std::recursive_mutex& mutex() const { return mutex_; }

 private:
  mutable std::recursive_mutex mutex_;
  std::vector<FakeCall> log_;
  std::size_t calls_until_fault_ = 0;  // 0: none ordered.
  absl::Status fault_;
  bool struck_ = false;
  std::vector<std::pair<std::string, absl::Status>> matching_;
  std::size_t writes_until_crash_ = 0;  // 0: none ordered.
  bool crashed_ = false;
};

}  // namespace fettle::testing
