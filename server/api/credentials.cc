// SPDX-License-Identifier: Apache-2.0
#include "server/api/credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "lib/base/status_macros.h"
#include "server/api/peer.h"

namespace fettle::server {
namespace {

namespace tls = grpc::experimental;

constexpr unsigned kLookEverySeconds = 2;

// Asked at every handshake, after the chain was verified.
class RevocationVerifier final : public tls::ExternalCertificateVerifier {
 public:
  RevocationVerifier(const RevocationSet* revocations, RefusedHandshake refused)
      : revocations_(*revocations), refused_(std::move(refused)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)> /*callback*/,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    const auto peer = PeerOfCertificate({pem.data(), pem.size()});
    std::string why;
    if (!peer.ok()) {
      why = std::string(Message(peer.status()));
    } else if (peer->identity.role == pki::Role::kServer) {
      why = "a server's certificate is no client's";
    } else if (revocations_.Contains(peer->serial)) {
      why = "its certificate was revoked";
    }
    if (!why.empty()) {
      refused_(peer.ok() ? peer->Who() : "unknown", why);
      *sync_status = {grpc::StatusCode::UNAUTHENTICATED, why};
    }
    return true;
  }

  void Cancel(tls::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  const RevocationSet& revocations_;
  const RefusedHandshake refused_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MutualTls(const std::string& tls_folder,
                                                   const RevocationSet& revocations,
                                                   RefusedHandshake refused) {
  tls::TlsServerCredentialsOptions options(
      std::make_shared<tls::FileWatcherCertificateProvider>(tls_folder + "/server.key",
                                                            tls_folder + "/server.pem",
                                                            tls_folder + "/ca.pem",
                                                            kLookEverySeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<RevocationVerifier>(
      &revocations, std::move(refused)));
  options.set_check_call_host(false);
  return tls::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> ServerTls(const std::string& tls_folder) {
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      tls_folder + "/server.key", tls_folder + "/server.pem", kLookEverySeconds));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.set_check_call_host(false);
  return tls::TlsServerCredentials(options);
}

}  // namespace fettle::server
