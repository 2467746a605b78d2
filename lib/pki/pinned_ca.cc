// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/pinned_ca.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <vector>

#include <openssl/ssl.h>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/openssl.h"
#include "lib/pki/tcp_connect.h"

namespace fettle::pki {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, FreeVoidWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeVoidWith<SSL_free>>;

constexpr int kMaxChain = 16;                                // Certificates looked at.
constexpr std::size_t kMaxHandshake = std::size_t{1} << 20;  // Bytes read from a stranger.

struct Presented {
  std::vector<X509Ptr> certificates;
};

// Called in place of verification, as soon as the server's certificates are there: so we have them
// even if the server then ends the handshake because we show none.
int Collect(X509_STORE_CTX* context, void* argument) {
  auto& presented = *static_cast<Presented*>(argument);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(chain) && i < kMaxChain; ++i) {
    X509* certificate = sk_X509_value(chain, i);
    static_cast<void>(X509_up_ref(certificate));
    presented.certificates.emplace_back(certificate);
  }
  return 1;
}

bool IsAddress(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

absl::StatusOr<SslPtr> StartTls(SSL_CTX* context, const HostPort& to) {
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
  static_cast<void>(SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2)));
  if (!IsAddress(to.host)) {
    static_cast<void>(SSL_set_tlsext_host_name(ssl.get(), to.host.c_str()));
  }
  return ssl;
}

// Sends what TLS has written.
absl::Status Flush(SSL* ssl, TcpConnection& connection, Deadline deadline) {
  BIO* out = SSL_get_wbio(ssl);
  const std::string bytes = Written(out);
  static_cast<void>(BIO_reset(out));
  return connection.Send(bytes, deadline);
}

// Runs the handshake to its end.
absl::Status Handshake(SSL* ssl, TcpConnection& connection, Deadline deadline) {
  std::size_t received = 0;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl);
    const int error = SSL_get_error(ssl, done);
    const std::string reason = LastError();
    RETURN_IF_ERROR(Flush(ssl, connection, deadline));
    if (done == 1) {
      return absl::OkStatus();
    }
    if (error != SSL_ERROR_WANT_READ) {
      return Unavailable("it does not speak TLS as we do ({}); is the port right?", reason);
    }
    ASSIGN_OR_RETURN(const std::string bytes, connection.Receive(deadline));
    received += bytes.size();
    if (bytes.empty() || received > kMaxHandshake) {
      return Unavailable("it hung up, or never ended, while TLS began; is the port right?");
    }
    static_cast<void>(BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size())));
  }
}

absl::StatusOr<Presented> FetchPresented(const HostPort& to, Deadline deadline) {
  ASSIGN_OR_RETURN(TcpConnection connection, TcpConnection::Connect(to, deadline));
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return Internal("preparing TLS: {}", LastError());
  }
  Presented presented;
  SSL_CTX_set_cert_verify_callback(context.get(), Collect, &presented);
  ASSIGN_OR_RETURN(const SslPtr ssl, StartTls(context.get(), to));
  const absl::Status handshake = Handshake(ssl.get(), connection, deadline);
  if (presented.certificates.empty()) {
    return handshake.ok() ? Unavailable("it presented no certificate") : handshake;
  }
  // Whatever the handshake came to: what was presented is judged by the pin alone. Say goodbye, so
  // that the server logs no broken connection.
  if (handshake.ok() && SSL_shutdown(ssl.get()) >= 0) {
    static_cast<void>(Flush(ssl.get(), connection, deadline).ok());
  }
  return presented;
}

absl::Status NoMatch(std::string_view address,
                     const std::vector<CertificateInfo>& seen,
                     const Digest& pin) {
  std::string list;
  for (const CertificateInfo& info : seen) {
    list += fmt::format(
        "{}\"{}\" {}", list.empty() ? "" : ", ", info.common_name, info.fingerprint.Hex());
  }
  return PermissionDenied(
      "the server at {} presented {}; the token pins {}: this is the wrong server, or someone is "
      "in "
      "between. Compare the address, and the fingerprint on the server itself",
      address,
      list.empty() ? "no readable certificate" : list,
      pin.Hex());
}

}  // namespace

absl::StatusOr<std::string> FetchPinnedCa(std::string_view address,
                                          const Digest& pin,
                                          Deadline deadline) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const HostPort to, HostPort::Parse(address));
  auto presented = FetchPresented(to, deadline);
  if (!presented.ok()) {
    return Annotate(presented.status(), fmt::format("asking the server at {}", address));
  }
  std::vector<CertificateInfo> seen;
  for (const X509Ptr& certificate : presented->certificates) {
    auto info = DescribeCertificate(*certificate);
    if (!info.ok()) {
      continue;  // Too odd to be ours; the message below counts only what can be named.
    }
    if (info->fingerprint == pin && !info->is_ca) {
      return FailedPrecondition(
          "the token pins the certificate of \"{}\" at {}, which is not a certificate authority's; "
          "make a new token",
          info->common_name,
          address);
    }
    if (info->fingerprint == pin) {
      return CertificatePem(certificate.get());
    }
    seen.push_back(*std::move(info));
  }
  return NoMatch(address, seen, pin);
}

}  // namespace fettle::pki
