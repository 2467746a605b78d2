// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/tls_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"
#include "lib/pki/private_key.h"
#include "lib/pki/tcp_connect.h"

namespace fettle::pki {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, FreeVoidWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeVoidWith<SSL_free>>;

constexpr std::size_t kMaxHandshake = std::size_t{1} << 20;  // Bytes read from a stranger.

bool IsAddress(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

absl::Status Trust(const std::string& ca, SSL_CTX* context) {
  ASSIGN_OR_RETURN(const std::vector<X509Ptr> authorities, ReadCertificates(ca, "the authority"));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) {
      return Internal("preparing TLS: {}", LastError());
    }
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return absl::OkStatus();
}

absl::Status Show(const TlsIdentity& identity, SSL_CTX* context) {
  if (identity.certificate.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<X509Ptr> chain,
                   ReadCertificates(identity.certificate, "the certificate"));
  ASSIGN_OR_RETURN(const PrivateKey key, PrivateKey::FromPem(identity.private_key));
  bool good = SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, key.handle()) == 1;
  for (std::size_t i = 1; good && i < chain.size(); ++i) {
    good = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  return good ? absl::OkStatus()
              : InvalidArgument("the certificate and its key cannot be used: {}", LastError());
}

absl::StatusOr<SslPtr> Prepare(const HostPort& to, const TlsIdentity& identity) {
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    return Internal("preparing TLS: {}", LastError());
  }
  RETURN_IF_ERROR(Trust(identity.ca, context.get()));
  RETURN_IF_ERROR(Show(identity, context.get()));
  SslPtr ssl(SSL_new(context.get()));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return Internal("preparing TLS: {}", LastError());
  }
  SSL_set_bio(ssl.get(), in, out);  // Owns both now.
  SSL_set_connect_state(ssl.get());
  const bool address = IsAddress(to.host);
  const int named = address
                        ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), to.host.c_str())
                        : SSL_set1_host(ssl.get(), to.host.c_str());
  if (named != 1 || SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2)) != 0 ||
      (!address && SSL_set_tlsext_host_name(ssl.get(), to.host.c_str()) != 1)) {
    return Internal("preparing TLS: {}", LastError());
  }
  return ssl;
}

// What TLS has written and nobody sent yet.
std::string TakeOutput(SSL* ssl) {
  BIO* const out = SSL_get_wbio(ssl);
  std::string bytes = Written(out);
  static_cast<void>(BIO_reset(out));
  return bytes;
}

void PutInput(SSL* ssl, std::string_view bytes) {
  static_cast<void>(BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size())));
}

// Why a handshake ended, when OpenSSL gave up.
absl::Status HandshakeError(const SSL* ssl, const HostPort& to, const std::string& reason) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return PermissionDenied("the server's certificate is not accepted for {}: {}",
                            to.host,
                            X509_verify_cert_error_string(verdict));
  }
  return Unavailable("it does not speak TLS 1.3 as we do ({}); is the port right?", reason);
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

absl::Status CheckHttp2(const SSL* ssl) {
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  const bool http2 = size == 2 && chosen[0] == 'h' && chosen[1] == '2';
  return http2 ? absl::OkStatus()
               : Unavailable("it speaks TLS, but not HTTP/2 over it; is the port right?");
}

}  // namespace

struct TlsConnection::State {
  TcpConnection tcp;
  SslPtr ssl;
  std::string out;  // Encrypted, waits for room.
  std::size_t sent = 0;
  bool closed = false;  // The other side sends no more.
};

TlsConnection::TlsConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsConnection::TlsConnection(TlsConnection&& other) noexcept = default;

TlsConnection::~TlsConnection() {
  if (state_ != nullptr) {
    // Says goodbye if there is room for it, so that the server logs no broken connection.
    const ErrorScope errors;
    static_cast<void>(SSL_shutdown(state_->ssl.get()));
    static_cast<void>(Flush().ok());
  }
}

absl::StatusOr<TlsConnection> TlsConnection::Dial(std::string_view address,
                                                  const TlsIdentity& identity,
                                                  Deadline deadline) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const HostPort to, HostPort::Parse(address));
  ASSIGN_OR_RETURN(SslPtr ssl, Prepare(to, identity));
  ASSIGN_OR_RETURN(TcpConnection tcp, TcpConnection::Connect(to, deadline));
  RETURN_IF_ERROR(Handshake(ssl.get(), to, tcp, deadline));
  RETURN_IF_ERROR(CheckHttp2(ssl.get()));
  tcp.KeepShort();
  auto state = std::unique_ptr<State>(new State{std::move(tcp), std::move(ssl), {}, 0, false});
  return TlsConnection(std::move(state));
}

int TlsConnection::fd() const {
  return state_->tcp.fd();
}

bool TlsConnection::wants_write() const {
  return state_->sent < state_->out.size();
}

absl::Status TlsConnection::Write(std::string_view data) {
  const ErrorScope errors;
  while (!data.empty()) {
    ERR_clear_error();
    std::size_t taken = 0;
    if (SSL_write_ex(state_->ssl.get(), data.data(), data.size(), &taken) != 1) {
      return Unavailable("sending: {}", LastError());
    }
    data.remove_prefix(taken);
  }
  return Flush();
}

absl::Status TlsConnection::Flush() {
  State& state = *state_;
  state.out += TakeOutput(state.ssl.get());
  while (state.sent < state.out.size()) {
    ASSIGN_OR_RETURN(const std::size_t taken,
                     state.tcp.SendNow(std::string_view(state.out).substr(state.sent)));
    if (taken == 0) {
      return absl::OkStatus();
    }
    state.sent += taken;
  }
  state.out.clear();
  state.out.shrink_to_fit();
  state.sent = 0;
  return absl::OkStatus();
}

absl::Status TlsConnection::Read(std::string* data) {
  const ErrorScope errors;
  State& state = *state_;
  std::array<char, 16384> buffer;
  absl::StatusOr<std::optional<std::string>> came = state.tcp.ReceiveNow();
  if (came.ok() && came->has_value()) {
    state.closed = (*came)->empty();
    PutInput(state.ssl.get(), **came);
  }
  for (;;) {
    ERR_clear_error();
    std::size_t got = 0;
    const int done = SSL_read_ex(state.ssl.get(), buffer.data(), buffer.size(), &got);
    if (done == 1) {
      data->append(buffer.data(), got);
      continue;
    }
    const int error = SSL_get_error(state.ssl.get(), done);
    if (error != SSL_ERROR_WANT_READ) {
      return Unavailable("{}",
                         error == SSL_ERROR_ZERO_RETURN ? "it closed the connection" : LastError());
    }
    break;
  }
  RETURN_IF_ERROR(came.status());
  RETURN_IF_ERROR(Flush());  // An answer of TLS's own, if there is one.
  return state.closed ? Unavailable("it closed the connection") : absl::OkStatus();
}

}  // namespace fettle::pki
