// SPDX-License-Identifier: Apache-2.0
#include "server/http/listener.h"

#include <httplib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cctype>
#include <thread>
#include <utility>

#include "lib/base/background_thread.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/unique_fd.h"
#include "server/http/https_server.h"

namespace fettle::server::http {
namespace {

// A body above kMaxBody is read and thrown away by the library, so that its sender sees the answer;
// above this, whoever sends it sees the connection end.
constexpr int64_t kMostSkipped = int64_t{64} << 20;
constexpr char kContentType[] = "Content-Type";

Request FromLibrary(const httplib::Request& from) {
  Request request;
  request.method = from.method;
  request.path = from.path;
  for (const auto& [name, value] : from.headers) {
    std::string lower = name;
    for (char& c : lower) {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    request.headers.emplace_back(std::move(lower), value);
  }
  request.body = from.body;
  request.address = from.remote_addr;
  request.certificate = from.ssl == nullptr ? "" : pki::ShownCertificate(from.ssl);
  return request;
}

void ToLibrary(Response response, httplib::Response* to) {
  to->status = response.status;
  std::string type;
  for (const auto& [name, value] : response.headers) {
    if (name == kContentType) {
      type = value;
    } else {
      to->headers.emplace(name, value);
    }
  }
  if (response.stream) {
    to->set_chunked_content_provider(
        type, [stream = std::move(response.stream)](std::size_t, httplib::DataSink& sink) {
          stream([&sink](std::string_view part) {
            return sink.is_writable() && sink.write(part.data(), part.size());
          });
          sink.done();
          return true;
        });
  } else if (!type.empty()) {
    to->set_content(response.body, type);
  }
}

// Before the body is read. The library bounds neither a body that comes in chunks nor what a
// compressed one becomes: who wants either is sent away unread.
httplib::Server::HandlerResponse RefuseUnbounded(const httplib::Request& request,
                                                 httplib::Response& response) {
  // The library would send the content once for each of them.
  if (request.ranges.size() > 1) {
    response.status = 416;
    response.set_content("one range at a time\n", "text/plain; charset=utf-8");
    return httplib::Server::HandlerResponse::Handled;
  }
  int64_t size = 0;
  if (ParseInt(request.get_header_value("Content-Length"), &size) && size > kMostSkipped) {
    response.status = 413;
    response.set_content("a request has 4 MiB at most\n", "text/plain; charset=utf-8");
    return httplib::Server::HandlerResponse::Handled;
  }
  const bool chunked = request.has_header("Transfer-Encoding");
  if (!chunked && !request.has_header("Content-Encoding")) {
    return httplib::Server::HandlerResponse::Unhandled;
  }
  response.status = chunked ? 411 : 415;
  response.set_content(chunked ? "say how long the body is: Content-Length\n"
                               : "send the body as it is, not compressed\n",
                       "text/plain; charset=utf-8");
  return httplib::Server::HandlerResponse::Handled;
}

// Not the library's own choice, SO_REUSEPORT: with that, two servers share a port and neither says
// so.
void ReuseAddressAlone(int socket) {
  const int on = 1;
  static_cast<void>(setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
}

}  // namespace

struct Listener::State {
  pki::ServerIdentity identity;
  Handler handler;
  sys::UniqueFd stop;  // An eventfd.
  std::unique_ptr<HttpsServer> server;
  int port = 0;
  std::unique_ptr<BackgroundThread> thread;
};

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  Shutdown();
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(std::string_view address,
                                                          const pki::TlsServerIdentity& identity,
                                                          Handler handler) {
  const std::size_t colon = address.rfind(':');
  int64_t port = -1;
  if (colon == std::string_view::npos || !ParseInt(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return InvalidArgument("\"{}\" is no address to listen on; say host:port", address);
  }
  std::string host(address.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  auto state = std::make_unique<State>();
  RETURN_IF_ERROR(state->identity.Use(identity));
  state->handler = std::move(handler);
  state->stop = sys::UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->stop.valid()) {
    return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  }
  absl::Status prepared;
  const auto prepare = [&](ssl_ctx_st& context) {
    prepared = state->identity.Install(&context);
    return prepared.ok();
  };
  state->server = std::make_unique<HttpsServer>(prepare, state->stop.get());
  RETURN_IF_ERROR(prepared);
  HttpsServer& server = *state->server;
  server.set_payload_max_length(kMaxBody);
  server.set_tcp_nodelay(true);
  server.set_socket_options(ReuseAddressAlone);
  server.set_pre_routing_handler(RefuseUnbounded);
  const auto answer = [raw = state.get()](const httplib::Request& from, httplib::Response& to) {
    ToLibrary(raw->handler(FromLibrary(from)), &to);
  };
  server.Get(".*", answer);
  server.Post(".*", answer);
  server.Put(".*", answer);
  server.Patch(".*", answer);
  server.Delete(".*", answer);
  server.Options(".*", answer);
  state->port =
      port == 0 ? server.bind_to_any_port(host)
                : (server.bind_to_port(host, static_cast<int>(port)) ? static_cast<int>(port) : -1);
  if (state->port <= 0) {
    return Unavailable(
        "cannot listen on {}: is the port taken, or the address not of this machine?", address);
  }
  state->thread =
      std::make_unique<BackgroundThread>([raw = state.get()] { raw->server->listen_after_bind(); });
  while (!server.is_running()) {
    std::this_thread::yield();  // Else stop() would be lost.
  }
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

int Listener::port() const {
  return state_->port;
}

absl::Status Listener::Use(const pki::TlsServerIdentity& identity) {
  return state_->identity.Use(identity);
}

void Listener::Shutdown() {
  static_cast<void>(eventfd_write(state_->stop.get(), 1));
  state_->server->stop();
  state_->thread.reset();
}

}  // namespace fettle::server::http
