// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace fettle::pki {

struct TlsServerEnd::State {
  SSL* ssl = nullptr;
  bool shaken = false;
  bool over = false;
};

TlsServerEnd::TlsServerEnd(ssl_ctx_st* context, int socket) : state_(std::make_unique<State>()) {
  state_->ssl = SSL_new(context);
  state_->over = state_->ssl == nullptr || SSL_set_fd(state_->ssl, socket) != 1;
  if (!state_->over) {
    SSL_set_mode(state_->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
}

TlsServerEnd::~TlsServerEnd() {
  Close();
  SSL_free(state_->ssl);
}

TlsServerEnd::Step TlsServerEnd::After(int result) {
  switch (SSL_get_error(state_->ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsInput;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsRoom;
    default:
      state_->over = true;
      return Step::kOver;
  }
}

TlsServerEnd::Step TlsServerEnd::Shake() {
  if (state_->over) {
    return Step::kOver;
  }
  ERR_clear_error();
  const int result = SSL_accept(state_->ssl);
  state_->shaken = result == 1;
  return state_->shaken ? Step::kDone : After(result);
}

TlsServerEnd::Step TlsServerEnd::Read(char* to, std::size_t most, std::size_t* done) {
  if (state_->over) {
    return Step::kOver;
  }
  ERR_clear_error();
  const int result = SSL_read_ex(state_->ssl, to, most, done);
  return result == 1 ? Step::kDone : After(result);
}

TlsServerEnd::Step TlsServerEnd::Write(const char* from, std::size_t size, std::size_t* done) {
  if (state_->over) {
    return Step::kOver;
  }
  ERR_clear_error();
  const int result = SSL_write_ex(state_->ssl, from, size, done);
  return result == 1 ? Step::kDone : After(result);
}

bool TlsServerEnd::pending() const {
  return !state_->over && SSL_pending(state_->ssl) > 0;
}

void TlsServerEnd::Close() {
  if (state_->shaken && !state_->over) {
    ERR_clear_error();
    SSL_shutdown(state_->ssl);
  }
  state_->over = true;
  ERR_clear_error();
}

ssl_st* TlsServerEnd::handle() const {
  return state_->ssl;
}

}  // namespace fettle::pki
