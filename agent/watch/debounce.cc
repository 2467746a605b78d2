// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/debounce.h"

#include <algorithm>

namespace fettle::watch {

void Debounce::Add(std::size_t index,
                   absl::Duration settle,
                   absl::Duration now,
                   absl::Duration most) {
  const auto [found, fresh] = waiting_.try_emplace(index, Wait{now + settle, now + most});
  if (!fresh) {
    found->second.latest = std::max(found->second.latest, found->second.due);
    found->second.due = std::min(now + settle, found->second.latest);
  }
}

std::vector<std::size_t> Debounce::Take(absl::Duration now) {
  std::vector<std::size_t> due;
  for (auto one = waiting_.begin(); one != waiting_.end();) {
    if (one->second.due <= now) {
      due.push_back(one->first);
      one = waiting_.erase(one);
    } else {
      ++one;
    }
  }
  return due;
}

absl::Duration Debounce::Next() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [index, wait] : waiting_) {
    next = std::min(next, wait.due);
  }
  return next;
}

}  // namespace fettle::watch
