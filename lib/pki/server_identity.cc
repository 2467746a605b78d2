// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/server_identity.h"

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <openssl/ssl.h>

#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

// One identity, ready to be shown.
struct Shown {
  std::vector<X509Ptr> chain;
  KeyPtr key;
  std::vector<X509Ptr> client_ca;
};

absl::StatusOr<std::shared_ptr<const Shown>> Read(const TlsServerIdentity& identity) {
  auto shown = std::make_shared<Shown>();
  ASSIGN_OR_RETURN(shown->chain, ReadCertificates(identity.certificate, "the certificate"));
  ASSIGN_OR_RETURN(shown->key, ReadPrivateKey(identity.private_key));
  ASSIGN_OR_RETURN(shown->client_ca, ReadCertificates(identity.client_ca, "the authority"));
  if (X509_check_private_key(shown->chain.front().get(), shown->key.get()) != 1) {
    return InvalidArgument("the certificate is of another key");
  }
  return std::shared_ptr<const Shown>(std::move(shown));
}

}  // namespace

struct ServerIdentity::State {
  // Of the thread that shakes hands. 1: go on.
  static int Show(SSL* ssl, void* self) {
    std::shared_ptr<const Shown> shown;
    {
      State& state = *static_cast<State*>(self);
      const absl::MutexLock lock(&state.mutex);
      shown = state.shown;
    }
    bool good = shown != nullptr && SSL_use_certificate(ssl, shown->chain.front().get()) == 1 &&
                SSL_use_PrivateKey(ssl, shown->key.get()) == 1 && SSL_clear_chain_certs(ssl) == 1;
    for (std::size_t i = 1; good && i < shown->chain.size(); ++i) {
      good = SSL_add1_chain_cert(ssl, shown->chain[i].get()) == 1;
    }
    return good ? 1 : 0;
  }

  absl::Mutex mutex;
  std::shared_ptr<const Shown> shown ABSL_GUARDED_BY(mutex);
};

ServerIdentity::ServerIdentity() : state_(std::make_unique<State>()) {}

ServerIdentity::~ServerIdentity() = default;

absl::Status ServerIdentity::Use(const TlsServerIdentity& identity) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Shown> shown, Read(identity));
  const absl::MutexLock lock(&state_->mutex);
  state_->shown = std::move(shown);
  return absl::OkStatus();
}

absl::Status ServerIdentity::Install(ssl_ctx_st* context) {
  const absl::MutexLock lock(&state_->mutex);
  if (state_->shown == nullptr) {
    return FailedPrecondition("there is no identity to show");
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : state_->shown->client_ca) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Internal("preparing TLS: {}", LastError());
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);  // Of who shows one.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_cert_cb(context, &State::Show, state_.get());
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
    return Internal("preparing TLS: {}", LastError());
  }
  return absl::OkStatus();
}

std::string ShownCertificate(const ssl_st* ssl) {
  const X509Ptr shown(SSL_get1_peer_certificate(ssl));
  if (shown == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
    return "";
  }
  return CertificatePem(shown.get()).value_or("");
}

}  // namespace fettle::pki
