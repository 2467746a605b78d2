// SPDX-License-Identifier: Apache-2.0
#include "lib/base/heap.h"

#include <malloc.h>

namespace fettle {

// Whether glibc took it makes no difference to what is right.
void KeepHeapSmall() {
  constexpr int kLarge = 128 << 10;
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet
  static_cast<void>(::mallopt(M_ARENA_MAX, 1));
  // Said once, glibc raises them no longer by itself.
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, kLarge));
  static_cast<void>(::mallopt(M_TRIM_THRESHOLD, kLarge));
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace fettle
