// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::cli {

// What `fettle login` leaves behind: which server, and as whom.
struct Credentials {
  std::string server;        // host:port for people and agents (mTLS).
  std::string login_server;  // host:port for enrolment; what a token's receiver needs to know.
  std::string key_pem;
  std::string certificate_pem;
  std::string ca_pem;
};

// Where credentials are: $FETTLE_CONFIG, else ~/.config/fettle. kFailedPrecondition if neither is
// known.
absl::StatusOr<std::string> ConfigFolder();

// The credentials in `folder`, made by SaveCredentials. kFailedPrecondition, with "fettle login" as
// the way out, when there are none, they are incomplete, do not belong together, or the certificate
// has expired at `now`; kPermissionDenied when the key can be read by others.
absl::StatusOr<Credentials> LoadCredentials(const std::string& folder, absl::Time now);

// Writes them into `folder`, which is made (0700) with its parents when missing: key.pem with mode
// 0600, cert.pem, ca.pem, server, login. Whole files; what was there is replaced.
absl::Status SaveCredentials(const std::string& folder, const Credentials& credentials);

// Who the certificate says one is, and until when.
struct Login {
  std::string user;
  absl::Time expires;
};

absl::StatusOr<Login> LoginOf(const Credentials& credentials);

// The host part of "host:port" or "[address]:port", brackets and all. kInvalidArgument for anything
// else.
absl::StatusOr<std::string> HostPart(std::string_view address);

}  // namespace fettle::cli
