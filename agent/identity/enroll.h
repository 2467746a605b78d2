// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/identity/identity.h"
#include "agent/link/child.h"

namespace fettle::agent {

// What `fettle-agent enroll` was told.
struct EnrollOptions {
  std::string server;      // "host:7441", the enrolment listener.
  std::string token;       // As `fettle enroll token` printed it.
  std::string name;        // This host's; "" for its host name.
  int mtls_port = 7440;    // Of the same server, for everything after.
  std::string trust_keys;  // A file with SSH public keys to trust; "" for none.
  bool force = false;      // Replace an identity that is there.
};

// Who asks the server: the link (AskEnrollment), or a test.
using Asker =
    std::function<absl::StatusOr<link::EnrollmentAnswer>(const link::EnrollmentQuestion&)>;

// Makes a key, asks for a certificate for it, checks the answer (authority against the token's
// fingerprint, certificate against authority, key and time), writes identity, agent.toml and
// trusted_keys. Nothing is written before the answer was found good. Answers what to tell the
// person. kFailedPrecondition when the host is enrolled already and options.force is not set.
absl::StatusOr<std::string> Enroll(const EnrollOptions& options,
                                   const Asker& ask,
                                   sys::Host& host,
                                   const std::string& folder,
                                   absl::Time now);

// "fettle.example.org:7441" and 7440 → "fettle.example.org:7440". kInvalidArgument for what is no
// host:port.
absl::StatusOr<std::string> WithPort(const std::string& address, int port);

}  // namespace fettle::agent
