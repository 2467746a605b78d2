// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_calls.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::testing {

using Lock = std::lock_guard<std::recursive_mutex>;

void FakeCalls::FailCall(std::size_t k, absl::Status status) {
  const Lock lock(mutex_);
  calls_until_fault_ = k;
  fault_ = std::move(status);
  struck_ = false;
}

void FakeCalls::FailMatching(std::string part, absl::Status status) {
  const Lock lock(mutex_);
  matching_.emplace_back(std::move(part), std::move(status));
}

void FakeCalls::CrashAfterWrite(std::size_t k) {
  const Lock lock(mutex_);
  writes_until_crash_ = k;
}

bool FakeCalls::crashed() const {
  const Lock lock(mutex_);
  return crashed_;
}

bool FakeCalls::fault_struck() const {
  const Lock lock(mutex_);
  return struck_;
}

void FakeCalls::ClearFaults() {
  const Lock lock(mutex_);
  calls_until_fault_ = 0;
  writes_until_crash_ = 0;
  matching_.clear();
  struck_ = false;
  crashed_ = false;
}

std::vector<FakeCall> FakeCalls::log() const {
  const Lock lock(mutex_);
  return log_;
}

std::size_t FakeCalls::reads() const {
  const Lock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(log_.begin(), log_.end(), [](const FakeCall& call) { return !call.write; }));
}

std::size_t FakeCalls::writes() const {
  const Lock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(log_.begin(), log_.end(), [](const FakeCall& call) { return call.write; }));
}

std::size_t FakeCalls::CountMatching(std::string_view part) const {
  const Lock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(log_.begin(), log_.end(), [part](const FakeCall& call) {
        return call.what.find(part) != std::string::npos;
      }));
}

void FakeCalls::ClearLog() {
  const Lock lock(mutex_);
  log_.clear();
}

absl::Status FakeCalls::Begin(bool write, std::string what, Deadline deadline) {
  const Lock lock(mutex_);
  if (crashed_) {
    return Unavailable("{}: crashed", what);
  }
  log_.push_back({write, what});
  if (calls_until_fault_ > 0 && --calls_until_fault_ == 0) {
    struck_ = true;
    return Annotate(fault_, what);
  }
  for (const auto& [part, status] : matching_) {
    if (what.find(part) != std::string::npos) {
      return Annotate(status, what);
    }
  }
  return deadline.Check(what.c_str());
}

void FakeCalls::Wrote() {
  const Lock lock(mutex_);
  if (writes_until_crash_ > 0 && --writes_until_crash_ == 0) {
    crashed_ = true;
  }
}

}  // namespace fettle::testing
