// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fettle::agent {

// That somebody at the host asked it to be left alone for a while: it looks and reports, changes
// nothing. On disk, so that it outlives the agent; ends by itself. One thread.
class Pause {
 public:
  static constexpr absl::Duration kLongest = absl::Hours(24 * 30);

  // Reads what is there. A damaged file is no pause.
  explicit Pause(std::string path);

  // kInvalidArgument without a reason, or for a time that is not within kLongest.
  absl::Status Begin(absl::Time now, absl::Duration span, const std::string& reason);
  absl::Status End();

  // Whether it holds at `now`.
  bool Active(absl::Time now) const { return until_.has_value() && now < *until_; }

  // When it ends; nullopt when there is none.
  const std::optional<absl::Time>& until() const { return until_; }

  const std::string& reason() const { return reason_; }

 private:
  const std::string path_;
  std::optional<absl::Time> until_;
  std::string reason_;
};

}  // namespace fettle::agent
