// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "absl/time/time.h"

namespace fettle::watch {

// Waits until a resource that was touched has come to rest, so that what an editor does in six
// steps is looked at once; but not for ever. Pure: the caller owns time.
class Debounce {
 public:
  // Whatever goes on, it is looked at after so long.
  static constexpr absl::Duration kMost = absl::Milliseconds(200);

  // `index` was touched and is thought to be at rest after `settle`; later word of it decides anew.
  // `most` bounds the wait since the first word.
  void Add(std::size_t index,
           absl::Duration settle,
           absl::Duration now,
           absl::Duration most = kMost);

  // Those that are due, in order; they are forgotten.
  std::vector<std::size_t> Take(absl::Duration now);

  // When the next is due; infinite when none waits.
  absl::Duration Next() const;

  // Whether it waits to be looked at.
  bool Waits(std::size_t index) const { return waiting_.contains(index); }

  bool empty() const { return waiting_.empty(); }

  void Clear() { waiting_.clear(); }

 private:
  struct Wait {
    absl::Duration due;
    absl::Duration latest;
  };

  std::map<std::size_t, Wait> waiting_;
};

}  // namespace fettle::watch
