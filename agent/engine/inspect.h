// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/engine/prepared.h"
#include "lib/base/deadline.h"
#include "lib/resource/resource.h"
#include "lib/sys/host.h"

namespace fettle::engine {

// What one look at a resource found.
struct Look {
  bool wanted = true;   // False: not part of this run.
  bool needed = false;  // Not part of it, but what is needs it: looked at, never changed.
  absl::Status status;  // Why it could not be looked at.
  std::vector<resource::Difference> drift;

  bool at_rest() const { return status.ok() && drift.empty(); }
};

// The time that one step of `item` may take: its own timeout (10 minutes by default), within
// `deadline`.
Deadline StepDeadline(const Item& item, Deadline deadline);

// Looks at one resource. The error names no resource: reports have the id beside it.
void Inspect(const Item& item, const sys::HostReader& host, Deadline deadline, Look* look);

// Looks at all that are wanted or needed, in parallel.
void InspectAll(const Prepared& prepared,
                const sys::HostReader& host,
                Deadline deadline,
                std::vector<Look>* looks);

}  // namespace fettle::engine
