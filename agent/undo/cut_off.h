// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"

#include "lib/resource/catalog.h"
#include "lib/resource/schema.h"

namespace fettle::undo {

// How long the agent may take to reach its server anew where nobody says how long.
inline constexpr absl::Duration kDefaultWindow = absl::Seconds(60);

// Whether a change of this may cut the host off, by what it touches: the files, units, packages and
// kernel settings of the network, the firewall, sshd and the agent itself. The table in cut_off.cc
// is what docs/confirm.md lists.
bool MayCutOff(const resource::Declaration& declaration, const resource::Footprint& footprint);

// How long the agent has, after a change of this, to reach its server anew; zero: the change is
// not to be confirmed. What the declaration says, or else what it touches, decides.
absl::Duration ConfirmWindow(const resource::Declaration& declaration,
                             const resource::Footprint& footprint);

}  // namespace fettle::undo
