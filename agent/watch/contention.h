// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fettle::watch {

// Notices a fight: something else keeps changing back what we put right. Pure: the caller owns
// time.
class Contention {
 public:
  struct Rules {
    std::size_t repairs = 5;                          // So many repairs …
    absl::Duration within = absl::Minutes(1);         // … within so long are a fight:
    absl::Duration first_rest = absl::Minutes(1);     // left alone for so long,
    absl::Duration longest_rest = absl::Minutes(30);  // twice as long each time it goes on.
  };

  Contention() : Contention(Rules()) {}

  explicit Contention(Rules rules) : rules_(rules) {}

  // A resource that had drifted was put right. When that makes it a fight (or prolongs one): what
  // to say of it, with how long it is left alone; "" otherwise.
  std::string Repaired(const std::string& id, absl::Duration now);

  // Whether it is left alone now.
  bool Resting(const std::string& id, absl::Duration now) const;

  // Those whose rest is over now; each is named once.
  std::vector<std::string> TakeRested(absl::Duration now);

  // When the next rest ends; infinite when nothing rests.
  absl::Duration Next() const;

  // What there is to say of one that is fought over; "" when it is not.
  std::string Describe(const std::string& id) const;

 private:
  struct Fight {
    std::deque<absl::Duration> repairs;
    absl::Duration rest = absl::ZeroDuration();  // How long it was left alone last.
    absl::Duration until = -absl::InfiniteDuration();
    bool resting = false;
    std::string text;
  };

  const Rules rules_;
  std::map<std::string, Fight> fights_;
};

}  // namespace fettle::watch
