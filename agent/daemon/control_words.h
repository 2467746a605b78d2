// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/daemon/agent.h"
#include "agent/daemon/control.h"

namespace fettle::agent {

// Does what somebody at the control socket asks:
//   status                  how things are
//   apply [audit]           a run now; answered when it is over, with its exit code
//   pause <seconds> <why>   look and report only, for a while
//   resume                  ends that
void Obey(const std::vector<std::string>& words, const ControlServer::Reply& reply, Agent* agent);

}  // namespace fettle::agent
