// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/journal/knowledge.h"
#include "lib/resource/report.h"

namespace fettle::engine {

// What is known of one difference. 0 stands for "not known".
struct CauseFacts {
  bool seen = false;                      // The resource was at rest here before.
  journal::Fingerprint desired = 0;       // As it is declared now.
  journal::Fingerprint last_desired = 0;  // As it was declared when it was last at rest.
  journal::Fingerprint observed = 0;      // What is there.
  journal::Fingerprint last_set = 0;      // What was there when it was last at rest.
};

// Why a difference is there. If the declaration is as it was, somebody else made it. If it changed,
// the difference is intended, unless what is there is known to be something else than what we left.
resource::Cause CauseOf(const CauseFacts& facts);

}  // namespace fettle::engine
