// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/link/encode.h"
#include "agent/plans/make_plan.h"
#include "lib/resource/report.h"

// Answers to tasks of the server: a fettle.v1.TaskAnswer as bytes, for Outlet::Answer().
namespace fettle::link {

std::string EncodeProgress(std::string_view task, std::string_view text);
std::string EncodeTaskError(std::string_view task, std::string_view error);

// One that is too large goes without its diffs; then it is an error that says where it is kept.
std::string EncodePlanAnswer(std::string_view task,
                             const plans::MadePlan& made,
                             std::size_t most = kMaxReportBytes);

// Shortened like a report that is spooled.
std::string EncodeRunAnswer(std::string_view task, const resource::RunReport& run);

}  // namespace fettle::link
