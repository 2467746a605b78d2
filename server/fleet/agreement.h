// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

#include "lib/digest/digest.h"

namespace fettle::server {

// Whether a host and the server agree about the states of its resources: what each heartbeat asks.
// Decides when the store has to be looked at and when the host has to say everything anew. One
// thread at a time.
class Agreement {
 public:
  struct View {
    Digest states;   // Empty: nothing said (yet).
    Digest catalog;  // Likewise.
    Digest revision;
    Digest packages{};  // Empty: nothing said (yet).
    bool operator==(const View&) const = default;
  };

  // A heartbeat (or Hello) that waits for the store's answer.
  struct Question {
    View host;
    uint64_t unacknowledged = 0;
    uint64_t reports = 0;  // Batches that had come by then.
  };

  // Reports came: what was agreed before says nothing any more.
  void ReportsCame();

  // A heartbeat: nothing if it says what was agreed to last, else what to ask the store.
  std::optional<Question> Heard(const View& host, uint64_t unacknowledged) const;

  // What to ask the host for.
  struct Wish {
    bool states = false;    // A snapshot.
    bool packages = false;  // The whole list of its packages.
    bool operator==(const Wish&) const = default;
  };

  // The store's answer. Something is wished for only when nothing is under way that would explain
  // the difference, and at most once a minute. Both empty agree: a host before its first run has
  // nothing to say.
  Wish Compared(const Question& question, const View& store, absl::Duration now);

 private:
  uint64_t reports_ = 0;
  std::optional<View> agreed_;
  absl::Duration last_resync_ = -absl::InfiniteDuration();
};

}  // namespace fettle::server
