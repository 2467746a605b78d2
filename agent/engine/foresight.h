// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/engine/inspect.h"
#include "agent/engine/prepared.h"
#include "lib/resource/resource.h"

namespace fettle::engine {

// Told by Engine::Plan() of each thing that a run would do, in the order in which it would. After
// each call what comes later in the order is looked at again where it may have changed: give Plan()
// a reader that sees what the observer foresees (sys::PlannedHost).
class PlanObserver {
 public:
  virtual ~PlanObserver() = default;

  virtual void WouldChange(const Item& item, const Look& look, Deadline deadline) = 0;
  virtual void WouldRefresh(const Item& item, resource::RefreshKind kind, Deadline deadline) = 0;
};

// Asked by Engine::Run() immediately before each change whether it may be made.
class ChangeGate {
 public:
  virtual ~ChangeGate() = default;

  // Why `item` must not be changed: it is then failed with these words, and what needs it is
  // skipped. nullopt: go on, with `*look`, which may have been renewed. `touched`: a change of this
  // very run may have changed what is seen of it.
  virtual std::optional<std::string> Refuses(const Item& item,
                                             bool touched,
                                             Look* look,
                                             Deadline deadline) = 0;

  // Why `item` must not be told of a change now; it stays pending.
  virtual std::optional<std::string> RefusesRefresh(const Item& item) = 0;
};

}  // namespace fettle::engine
