// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// How a lab's number becomes the names and addresses that the machine sees. Pure functions: `down`
// finds everything again from the number alone.
namespace fettle::lab {

// The highest number of a lab, and the highest index of a host in it.
inline constexpr int kMaxLabNumber = 254;
inline constexpr int kMaxHostIndex = 200;

// OK for a lower-case letter followed by at most 30 letters, digits and inner hyphens; `what` names
// the thing in the message.
absl::Status CheckName(std::string_view what, std::string_view name);

// "fettle7": the bridge of lab 7.
std::string BridgeName(int lab_number);

// "fl7h2": the machine name that systemd-nspawn gets for host 2 of lab 7. Short, because the
// kernel allows an interface 15 characters.
std::string MachineName(int lab_number, int host_index);

// "vb-fl7h2": the bridge port that systemd-nspawn makes for that machine.
std::string PortName(int lab_number, int host_index);

// "10.213.7.12": host 2 of lab 7.
std::string HostAddress(int lab_number, int host_index);

// "10.213.7.1": the machine itself, on the bridge of lab 7.
std::string GatewayAddress(int lab_number);

// The lowest lab number that is not in `taken` and whose network 10.213.N.0/24 no route of
// `proc_net_route` (the text of /proc/net/route) covers. Where a wide route (a VPN's 10.0.0.0/8)
// covers all of them, the lowest that no route of /24 or longer touches: the lab's own is more
// specific. kFailedPrecondition when there is none.
absl::StatusOr<int> ChooseLabNumber(const std::set<int>& taken, std::string_view proc_net_route);

}  // namespace fettle::lab
