// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/pinned_ca.h"

#include <vector>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/tls_handshake.h"

namespace fettle::pki {
namespace {

constexpr int kMaxChain = 16;  // Certificates looked at.

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

absl::StatusOr<Presented> FetchPresented(const HostPort& to, Deadline deadline) {
  ASSIGN_OR_RETURN(TcpConnection connection, TcpConnection::Connect(to, deadline));
  ASSIGN_OR_RETURN(const ContextPtr context, NewClientContext(TLS1_2_VERSION));
  Presented presented;
  SSL_CTX_set_cert_verify_callback(context.get(), Collect, &presented);
  ASSIGN_OR_RETURN(const SslPtr ssl, NewClient(context.get(), to, true));
  const absl::Status handshake = Handshake(ssl.get(), to, connection, deadline);
  if (presented.certificates.empty()) {
    return handshake.ok() ? Unavailable("it presented no certificate") : handshake;
  }
  // Whatever the handshake came to: what was presented is judged by the pin alone. Say goodbye, so
  // that the server logs no broken connection.
  if (handshake.ok() && SSL_shutdown(ssl.get()) >= 0) {
    static_cast<void>(connection.Send(TakeOutput(ssl.get()), deadline).ok());
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
