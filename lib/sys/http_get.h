// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "lib/sys/commands.h"

// Prober's two questions to the network. libcurl is loaded at the first of them and not before:
// with its two dozen libraries it would cost every run more than all else at start.
namespace fettle::sys {

absl::StatusOr<Prober::HttpAnswer> GetByHttp(const std::string& url, Deadline deadline);

absl::Status ConnectByTcp(const std::string& host, uint16_t port, Deadline deadline);

}  // namespace fettle::sys
