// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/contention.h"

#include <algorithm>

#include <fmt/format.h>

namespace fettle::watch {

std::string Contention::Repaired(const std::string& id, absl::Duration now) {
  Fight& fight = fights_[id];
  while (!fight.repairs.empty() && now - fight.repairs.front() > rules_.within) {
    fight.repairs.pop_front();
  }
  fight.repairs.push_back(now);
  // One more soon after a rest, and it goes on.
  const bool goes_on =
      fight.rest > absl::ZeroDuration() && now - fight.until < 2 * fight.rest + rules_.within;
  if (!goes_on && fight.repairs.size() < rules_.repairs) {
    if (fight.rest > absl::ZeroDuration()) {
      fight.rest = absl::ZeroDuration();
      fight.text.clear();
    }
    return "";
  }
  fight.rest = std::clamp(fight.rest * 2, rules_.first_rest, rules_.longest_rest);
  fight.until = now + fight.rest;
  fight.resting = true;
  fight.text =
      fmt::format("{}; left alone for {}",
                  goes_on ? std::string("somebody still keeps changing it back")
                          : fmt::format("put right {} times within {} and changed back each time",
                                        fight.repairs.size(),
                                        absl::FormatDuration(rules_.within)),
                  absl::FormatDuration(fight.rest));
  fight.repairs.clear();
  return fight.text;
}

bool Contention::Resting(const std::string& id, absl::Duration now) const {
  const auto found = fights_.find(id);
  return found != fights_.end() && found->second.resting && now < found->second.until;
}

std::vector<std::string> Contention::TakeRested(absl::Duration now) {
  std::vector<std::string> rested;
  for (auto& [id, fight] : fights_) {
    if (fight.resting && now >= fight.until) {
      fight.resting = false;
      rested.push_back(id);
    }
  }
  return rested;
}

absl::Duration Contention::Next() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [id, fight] : fights_) {
    if (fight.resting) {
      next = std::min(next, fight.until);
    }
  }
  return next;
}

std::string Contention::Describe(const std::string& id) const {
  const auto found = fights_.find(id);
  return found == fights_.end() || !found->second.resting ? "" : found->second.text;
}

}  // namespace fettle::watch
