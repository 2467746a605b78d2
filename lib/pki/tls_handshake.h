// SPDX-License-Identifier: Apache-2.0
// Inside lib/pki only: the client's half of a TLS handshake for HTTP/2, over memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <openssl/ssl.h>

#include "lib/base/deadline.h"
#include "lib/pki/openssl.h"
#include "lib/pki/tcp_connect.h"

namespace fettle::pki {

using ContextPtr = std::unique_ptr<SSL_CTX, FreeVoidWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeVoidWith<SSL_free>>;

// A context of a client that takes no version below `least` (TLS1_2_VERSION, …).
absl::StatusOr<ContextPtr> NewClientContext(int least);

// Whether `host` is an IP address rather than a name.
bool IsAddress(const std::string& host);

// A client that will ask for `to` by its name if it has one, and for HTTP/2 if that is wanted.
absl::StatusOr<SslPtr> NewClient(SSL_CTX* context, const HostPort& to, bool http2);

// What TLS has written and nobody sent yet.
std::string TakeOutput(SSL* ssl);

// Gives TLS what came.
void PutInput(SSL* ssl, std::string_view bytes);

// Runs the handshake to its end. kUnavailable when the other side does not speak TLS as we do,
// kPermissionDenied when its certificate is not accepted.
absl::Status Handshake(SSL* ssl, const HostPort& to, TcpConnection& connection, Deadline deadline);

}  // namespace fettle::pki
