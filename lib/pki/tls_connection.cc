// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/tls_connection.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/pki/private_key.h"
#include "lib/pki/tls_handshake.h"

namespace fettle::pki {
namespace {

// Of what waits to be sent, when more is only asked for: owners send less at a time.
constexpr std::size_t kMaxBacklog = std::size_t{8} << 20;

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

absl::StatusOr<SslPtr> Prepare(const HostPort& to,
                               const TlsIdentity& identity,
                               TlsConnection::Speaks speaks) {
  const bool http2 = speaks == TlsConnection::Speaks::kHttp2;
  ASSIGN_OR_RETURN(const ContextPtr context,
                   NewClientContext(http2 ? TLS1_3_VERSION : TLS1_2_VERSION));
  RETURN_IF_ERROR(Trust(identity.ca, context.get()));
  RETURN_IF_ERROR(Show(identity, context.get()));
  ASSIGN_OR_RETURN(SslPtr ssl, NewClient(context.get(), to, http2));
  const int expected =
      IsAddress(to.host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), to.host.c_str())
                         : SSL_set1_host(ssl.get(), to.host.c_str());
  if (expected != 1) {
    return Internal("preparing TLS: {}", LastError());
  }
  return ssl;
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
                                                  Deadline deadline,
                                                  Speaks speaks) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const HostPort to, HostPort::Parse(address));
  ASSIGN_OR_RETURN(SslPtr ssl, Prepare(to, identity, speaks));
  ASSIGN_OR_RETURN(
      TcpConnection tcp,
      TcpConnection::Connect(to, deadline, [&](TcpConnection& connection, Deadline share) {
        // Anew for each address; the first was made to say at once what is wrong with the identity.
        absl::StatusOr<SslPtr> fresh = Prepare(to, identity, speaks);
        RETURN_IF_ERROR(fresh.status());
        ssl = *std::move(fresh);
        RETURN_IF_ERROR(Handshake(ssl.get(), to, connection, share));
        return speaks == Speaks::kHttp2 ? CheckHttp2(ssl.get()) : absl::OkStatus();
      }));
  tcp.KeepShort();
  auto state = std::unique_ptr<State>(new State{std::move(tcp), std::move(ssl), {}, 0, false});
  return TlsConnection(std::move(state));
}

int TlsConnection::fd() const {
  return state_->tcp.fd();
}

bool TlsConnection::wants_write() const {
  return backlog() > 0;
}

std::size_t TlsConnection::backlog() const {
  return state_->out.size() - state_->sent;
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
  state.out.erase(0, std::exchange(state.sent, 0));
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
  // An answer of TLS's own, if there is one. That it cannot be sent is for who sends to find: what
  // the other side said before it went is still to be read.
  static_cast<void>(Flush());
  if (backlog() > kMaxBacklog) {
    return Unavailable("it asks and does not read the answers");
  }
  return state.closed ? Unavailable("it closed the connection") : absl::OkStatus();
}

}  // namespace fettle::pki
