// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/cause.h"

namespace fettle::engine {

resource::Cause CauseOf(const CauseFacts& facts) {
  if (!facts.seen) {
    return resource::Cause::kFirstSight;
  }
  if (facts.desired == facts.last_desired) {
    return resource::Cause::kDrift;
  }
  const bool left_by_us = facts.last_set == 0 || facts.observed == facts.last_set;
  return left_by_us ? resource::Cause::kIntended : resource::Cause::kDrift;
}

}  // namespace fettle::engine
