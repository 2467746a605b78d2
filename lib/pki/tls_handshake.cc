// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/tls_handshake.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lib/base/status_macros.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kMaxHandshake = std::size_t{1} << 20;  // Bytes read from a stranger.

// Why it ended, when OpenSSL gave up.
absl::Status HandshakeError(const SSL* ssl, const HostPort& to, const std::string& reason) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return PermissionDenied("the server's certificate is not accepted for {}: {}",
                            to.host,
                            X509_verify_cert_error_string(verdict));
  }
  return Unavailable("it does not speak TLS as we do ({}); is the port right?", reason);
}

}  // namespace

absl::StatusOr<ContextPtr> NewClientContext(int least) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), least) != 1) {
    return Internal("preparing TLS: {}", LastError());
  }
  if (least <= TLS1_2_VERSION) {
    // The server's own configuration of OpenSSL takes it away from all.
    SSL_CTX_clear_options(context.get(), SSL_OP_NO_TLSv1_2);
  }
  return context;
}

bool IsAddress(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

absl::StatusOr<SslPtr> NewClient(SSL_CTX* context, const HostPort& to, bool http2) {
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};  // What gRPC servers ask for.
  SslPtr ssl(SSL_new(context));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return Internal("preparing TLS: {}", LastError());
  }
  SSL_set_bio(ssl.get(), in, out);  // Owns both now.
  SSL_set_connect_state(ssl.get());
  const bool named =
      IsAddress(to.host) || SSL_set_tlsext_host_name(ssl.get(), to.host.c_str()) == 1;
  if (!named || (http2 && SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2)) != 0)) {
    return Internal("preparing TLS: {}", LastError());
  }
  return ssl;
}

std::string TakeOutput(SSL* ssl) {
  BIO* const out = SSL_get_wbio(ssl);
  std::string bytes = Written(out);
  static_cast<void>(BIO_reset(out));
  return bytes;
}

void PutInput(SSL* ssl, std::string_view bytes) {
  static_cast<void>(BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size())));
}

absl::Status Handshake(SSL* ssl, const HostPort& to, TcpConnection& connection, Deadline deadline) {
  std::size_t received = 0;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl);
    const int error = SSL_get_error(ssl, done);
    const std::string reason = LastError();
    const absl::Status sent = connection.Send(TakeOutput(ssl), deadline);
    if (done != 1 && error != SSL_ERROR_WANT_READ) {
      return HandshakeError(ssl, to, reason);
    }
    RETURN_IF_ERROR(sent);
    if (done == 1) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string bytes, connection.Receive(deadline));
    received += bytes.size();
    if (bytes.empty() || received > kMaxHandshake) {
      return Unavailable("it hung up, or never ended, while TLS began; is the port right?");
    }
    PutInput(ssl, bytes);
  }
}

}  // namespace fettle::pki
