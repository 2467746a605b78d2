// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/digest/digest.h"

namespace fettle::pki {

// Learns the certificate authority of the server at `address` ("host:port") before anything of it
// is trusted: opens TLS without verification, and of the certificates that the server presents
// returns (as PEM) the authority's whose DER has the SHA-256 `pin`, the one an enrolment token
// carries. The pin is what makes the answer trustworthy, whoever answered. Nothing secret is sent.
//   kInvalidArgument    `address` is no host:port
//   kPermissionDenied   no certificate presented has the pin: another server, or someone in between
//   kFailedPrecondition the pin is that of a certificate that is no authority's
//   kUnavailable        nobody answers there, or not with TLS
//   kDeadlineExceeded   no answer in time
absl::StatusOr<std::string> FetchPinnedCa(std::string_view address,
                                          const Digest& pin,
                                          Deadline deadline);

}  // namespace fettle::pki
