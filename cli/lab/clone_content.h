// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"

#include "cli/lab/clone_layer.h"

namespace fettle::lab {

// What a clone has of its own.
struct CloneIdentity {
  std::string host;
  std::string address;                           // Of its network card, a /24.
  std::string gateway;                           // The machine, seen from it.
  std::map<std::string, std::string> addresses;  // Name -> address of every host of the lab.
  bool host_network = false;                     // It shares the machine's network.
};

// Turns a clone of the machine into a host of a lab: own hostname, machine-id, hosts, network; no
// name servers, no disks, none of the machine's enabled services but cron and D-Bus, none of its
// cron jobs, nothing of a Fettle that the machine has, and services of newly installed packages may
// start. The clone must not be mounted yet.
absl::Status WriteCloneContent(const CloneLayer& clone, const CloneIdentity& identity);

}  // namespace fettle::lab
