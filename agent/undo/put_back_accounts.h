// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/undo/put_back.h"

// Users and groups of PutBack(). For put_back.cc alone.
namespace fettle::undo {

absl::Status PutBackUser(const Wanted& wanted, sys::Host& host, Deadline deadline);
absl::Status PutBackGroup(const Wanted& wanted, sys::Host& host, Deadline deadline);

}  // namespace fettle::undo
