// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"

namespace fettle::link {

// How long to wait before the next try to connect, so that a whole fleet that lost its server does
// not return at once: full jitter, a uniform share of a span that doubles from a second to five
// minutes. One thread.
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Seconds(1);
  static constexpr absl::Duration kMost = absl::Minutes(5);

  // The server took our Hello: the next loss begins anew, with a wait in [0, window], the span that
  // the server asks for so that all its hosts fit in.
  void Accepted(absl::Duration window);

  // The wait before the next try. `share` is uniform in [0, 1).
  absl::Duration Next(double share);

 private:
  absl::Duration span_ = kFirst;
  absl::Duration window_ = absl::ZeroDuration();
  bool accepted_ = false;
};

}  // namespace fettle::link
