// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>

#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace fettle::testing {
namespace {

int ChooseHttp2(SSL* /*ssl*/,
                const unsigned char** out,
                unsigned char* size,
                const unsigned char* /*offered*/,
                unsigned int /*offered_size*/,
                void* wanted) {
  static constexpr unsigned char kHttp2[] = {'h', '2'};
  *out = kHttp2;
  *size = sizeof(kHttp2);
  return *static_cast<bool*>(wanted) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void UseIdentity(const TlsServer::Options& options, SSL_CTX* context) {
  BIO* const certificate = BIO_new_mem_buf(options.certificate.data(), -1);
  X509* const x509 = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, x509);
  X509_free(x509);
  BIO_free(certificate);
  BIO* const key = BIO_new_mem_buf(options.private_key.data(), -1);
  EVP_PKEY* const pkey = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
  SSL_CTX_use_PrivateKey(context, pkey);
  EVP_PKEY_free(pkey);
  BIO_free(key);
}

}  // namespace

struct TlsServer::State {
  Options options;
  int listener = -1;
  std::thread thread;

  void ServePlain(int client) const {
    static_cast<void>(::send(client, options.says.data(), options.says.size(), MSG_NOSIGNAL));
    std::array<char, 4096> buffer{};
    while (!options.hangs_up && ::recv(client, buffer.data(), buffer.size(), 0) > 0) {
    }
  }

  void ServeTls(int client) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    UseIdentity(options, context);
    SSL_CTX_set_alpn_select_cb(context, ChooseHttp2, &options.offers_http2);
    SSL* const ssl = SSL_new(context);
    SSL_set_fd(ssl, client);
    if (SSL_accept(ssl) == 1) {
      std::array<char, 4096> buffer{};
      // What it says is of a call, so it waits for the first words of the client.
      int heard = 0;
      for (int size = 1; heard < options.hears && size > 0; heard += size) {
        size = SSL_read(ssl, buffer.data(), buffer.size());
      }
      SSL_write(ssl, options.says.data(), static_cast<int>(options.says.size()));
      while (!options.hangs_up && SSL_read(ssl, buffer.data(), buffer.size()) > 0) {
      }
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
  }

  void Serve() {
    // A client that has gone is none of the test's concern.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const int client = ::accept(listener, nullptr, nullptr);
    if (client >= 0) {
      // What it says has left before it hangs up.
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      options.speaks_tls ? ServeTls(client) : ServePlain(client);
      ::close(client);
    }
  }
};

TlsServer::TlsServer(Options options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::listen(state_->listener, 1);
  socklen_t size = sizeof(address);
  ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  state_->thread = std::thread([this] { state_->Serve(); });
}

TlsServer::~TlsServer() {
  ::shutdown(state_->listener, SHUT_RDWR);
  state_->thread.join();
  ::close(state_->listener);
}

}  // namespace fettle::testing
