// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fettle::link {

// Reads one frame with an EnrollRequest from `fd`, learns the authority whose fingerprint is
// `pin_hex` from `server` (host:port of the enrolment listener), asks it for a certificate, and
// writes one frame with the EnrollResponse (its `ca` is the one that was pinned). Knows the token,
// never the private key.
absl::Status RunEnrollment(const std::string& server, const std::string& pin_hex, int fd);

}  // namespace fettle::link
