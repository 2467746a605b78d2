// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"

#include "agent/engine/prepared.h"

namespace fettle::engine {

// What the changes of a run so far could have touched, so that it is looked at again.
class Touched {
 public:
  explicit Touched(const Prepared& prepared)
      : prepared_(prepared), successor_changed_(prepared.items().size(), false) {}

  // `index` was (or may have been) changed.
  void Add(std::size_t index);

  bool any() const { return any_; }

  // Whether what was seen of `index` before may no longer be so.
  bool Concerns(std::size_t index) const;

  // It was looked at again.
  void Seen(std::size_t index) { successor_changed_[index] = false; }

 private:
  bool Hit(std::string_view thing) const;

  const Prepared& prepared_;
  bool any_ = false;
  bool everything_ = false;  // Something changed of which nobody can say what it touches.
  std::vector<bool> successor_changed_;
  absl::flat_hash_set<std::string> things_;
};

}  // namespace fettle::engine
