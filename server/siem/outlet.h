// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/config/siem.h"
#include "server/siem/event.h"

namespace fettle::server::siem {

// Where events go. Used by one thread.
class Outlet {
 public:
  virtual ~Outlet() = default;

  // Hands the events on in their order. OK: the other side took all of them. Not OK: none, some or
  // all were taken; the caller sends them again later. Says where, why, and what to do.
  virtual absl::Status Send(const std::vector<Event>& events) = 0;

  // Whether the other side is still there that took what was sent. Costs nothing while it is.
  virtual absl::Status Check() = 0;

  // For so long after it was taken something may still be lost by the other side, which Check()
  // then finds to be gone.
  virtual absl::Duration doubt() const = 0;
};

// `server`: what the server is called. Nothing is opened before the first Send().
std::unique_ptr<Outlet> MakeOutlet(const SiemOutlet& config, const std::string& server);

}  // namespace fettle::server::siem
