// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "lib/base/clock.h"
#include "server/config/config.h"

namespace fettle::server {

// What `fettle-server init` made.
struct InitResult {
  std::string ca_name;
  std::string ca_fingerprint;  // SHA-256 of the authority's certificate, hexadecimal.
  std::string admin;           // Name that the token is good for.
  std::string admin_token;     // For `fettle login`; good once, for a day.
};

// Sets up `config.data_dir`: authority (ten years), the server's certificate, an empty database, a
// place for the keys that may publish, and a login token for the first administrator.
// kAlreadyExists if there is an authority or a database already: nothing is ever overwritten.
absl::StatusOr<InitResult> InitServer(const Config& config,
                                      const std::string& admin,
                                      const Clock& clock);

}  // namespace fettle::server
