// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/sys/bus.h"

namespace fettle::sys {

// What systemd said.
struct UnitEvent {
  std::string unit;     // "nginx.service"; "" when all units may have changed.
  bool settled = true;  // False while it is on its way: starting, stopping, reloading.
};

// Listens to systemd: units that change their state, unit files that come, go, are enabled or
// disabled, and systemd's reloads. One thread.
class UnitWatch {
 public:
  // kUnavailable when systemd does not run this host or does not answer.
  static absl::StatusOr<UnitWatch> Connect();

  // Becomes readable when there is something to read.
  int fd() const;

  // What it said since. False: the connection is lost (systemd restarted itself); connect again and
  // look at all units.
  bool Read(std::vector<UnitEvent>* events);

 private:
  explicit UnitWatch(Bus bus) : bus_(std::move(bus)) {}

  Bus bus_;
};

}  // namespace fettle::sys
