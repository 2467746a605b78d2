// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

namespace fettle::agent {

inline constexpr char kControlFolder[] = "/run/fettle";
inline constexpr char kControlSocket[] = "/run/fettle/agent.sock";

struct ControlAnswer {
  int exit_code = 0;
  std::string text;
};

// Asks the agent of this host at its control socket (agent/daemon/control.h). kUnavailable when
// none runs here, or it ends meanwhile.
absl::StatusOr<ControlAnswer> AskAgent(const std::string& path,
                                       const std::vector<std::string>& words,
                                       Deadline deadline);

// kInvalidArgument when the path is too long for a socket.
absl::StatusOr<sockaddr_un> ControlAddress(const std::string& path);

}  // namespace fettle::agent
