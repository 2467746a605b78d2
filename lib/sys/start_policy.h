// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

// Keeps packages from starting their services when they are installed: the service resources do
// that, after the configuration is in place. Debian asks /usr/sbin/policy-rc.d for leave
// (invoke-rc.d and deb-systemd-invoke; neither takes another path), so a script of ours stands
// there during a transaction. It speaks only to transactions of ours, known by an environment
// variable: one left behind by a crash allows everything to everyone and is replaced or removed by
// the next transaction. A script that the host's owner put there is his decision and is left alone.
//
// In a transaction of ours: "start" only for units that were active before (packages that stop and
// start on upgrade), "restart" only for units whose file was there before (an upgrade, not an
// installation); stopping is always allowed.
namespace fettle::sys {

// What the script goes by; to be added to the environment of apt-get and dpkg.
std::map<std::string, std::string> StartPolicyEnvironment(
    const std::vector<std::string>& active_units, const std::vector<std::string>& known_units);

// The script; its second line marks it as ours.
std::string_view StartPolicyScript();

// Puts the script at `path` unless something that is not ours is there.
absl::Status PlaceStartPolicy(const std::string& path);

// Removes the script from `path` if it is ours.
absl::Status RemoveStartPolicy(const std::string& path);

}  // namespace fettle::sys
