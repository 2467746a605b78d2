// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

// What a TLS server shows to clients, for libraries that bring their own loop over OpenSSL.
struct ssl_ctx_st;  // NOLINT(readability-identifier-naming): OpenSSL's
struct ssl_st;      // NOLINT(readability-identifier-naming): OpenSSL's

namespace fettle::pki {

// All PEM.
struct TlsServerIdentity {
  std::string certificate;  // With its chain.
  std::string private_key;
  std::string client_ca;  // A client may show a certificate of this authority, or none.
};

// The identity of a server that can be exchanged while it runs: who connects from then on sees the
// new one. Safe from any thread.
class ServerIdentity {
 public:
  ServerIdentity();
  ~ServerIdentity();
  ServerIdentity(const ServerIdentity&) = delete;
  ServerIdentity& operator=(const ServerIdentity&) = delete;

  // kInvalidArgument: it cannot be used; what was shown before stays.
  absl::Status Use(const TlsServerIdentity& identity);

  // Makes `context` show it, take TLS 1.3 alone and resume nothing (each connection shows its
  // certificate). The authority is the one of now. This outlives `context`.
  absl::Status Install(ssl_ctx_st* context);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// What the client showed (PEM), verified to be of the authority and valid then; "" if nothing.
std::string ShownCertificate(const ssl_st* ssl);

}  // namespace fettle::pki
