// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: how the score went. Nothing here prints.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "fettle/v1/compliance.pb.h"

namespace fettle::cli {

// `since`, each midnight of `zone` after it, and `now`. kInvalidArgument when that is more than the
// server takes, which is 100.
absl::StatusOr<std::vector<absl::Time>> TrendMoments(absl::Time since,
                                                     absl::Time now,
                                                     absl::TimeZone zone);

// A table, a line a moment in the time of `zone`. Where nothing applied there is no score.
std::string TrendText(const v1::TrendResponse& response,
                      absl::TimeZone zone,
                      bool colour,
                      std::size_t width);

}  // namespace fettle::cli
