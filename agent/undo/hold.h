// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fettle::undo {

// After something of a revision was undone, the agent only looks and reports as long as that
// revision is the one to enforce: until another is assigned, or somebody says `fettle-agent
// resume`.
struct Hold {
  std::string revision;  // "r42".
  std::string run;       // Which was undone.
  std::string reason;
  absl::Time at;
  std::set<std::string> resources;  // Those that were put back.
  bool until_connected = false;     // Ends as soon as the server is there.
};

// What stands in the state folder; nullopt when nothing (that can be read) does.
std::optional<Hold> ReadHold(const std::string& state_dir);
// Durable.
absl::Status WriteHold(const std::string& state_dir, const Hold& hold);
// OK when there is none.
absl::Status DropHold(const std::string& state_dir);

}  // namespace fettle::undo
