// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace fettle::server {

// How many a list answers at most when it is asked for `asked`; 0 asks for the usual number. The
// rest is said to be cut off.
inline uint32_t MostListed(uint32_t asked) {
  constexpr uint32_t kUsual = 200;
  constexpr uint32_t kMost = 10'000;
  return std::min(asked == 0 ? kUsual : asked, kMost);
}

}  // namespace fettle::server
