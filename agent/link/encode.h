// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "agent/link/events.h"
#include "lib/digest/digest.h"
#include "lib/resource/coverage.h"
#include "lib/resource/packages.h"
#include "lib/resource/report.h"

// The bodies of spooled reports: a fettle.v1.Report without its sequence and time, which the spool
// gives it. Kept as bytes, so that what an older agent has written is sent as it was.
namespace fettle::link {

// The server takes no message above this; what is larger is shortened and says so.
inline constexpr std::size_t kMaxReportBytes = 3U << 20;

// A run too large is sent without its diffs, then without its differences, then without the
// resources that just changed or were skipped. Counts and digest stay those of the whole run.
std::string EncodeRun(const resource::RunReport& run, std::size_t most = kMaxReportBytes);

// A snapshot too large goes without positions and controls.
std::string EncodeSnapshot(const Snapshot& snapshot, std::size_t most = kMaxReportBytes);

std::string EncodeFacts(std::string_view json);

// How each resource is watched, by id. One too large goes without its reasons.
std::string EncodeCoverage(const std::map<std::string, resource::Coverage>& coverage,
                           std::size_t most = kMaxReportBytes);

// InfinitePast: no longer paused.
std::string EncodePause(absl::Time until, std::string_view reason);

// One too large goes without what the package manager's log says.
std::string EncodePackages(const resource::PackageReport& packages,
                           std::size_t most = kMaxReportBytes);

std::string EncodeRefusal(std::string_view revision, const Digest& id, std::string_view reason);

}  // namespace fettle::link
