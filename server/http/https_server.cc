// SPDX-License-Identifier: Apache-2.0
#include "server/http/https_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <utility>

#include "lib/base/text.h"
#include "server/http/tls_stream.h"

namespace fettle::server::http {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(10);

// Set while a connection is closed because too many wait: the library hands over a function that
// serves it, and only that knows the socket.
thread_local bool unheard = false;

// Whose an address is: of IPv6 its first 64 bits, as everybody has all that follow.
std::string NetworkOf(const std::string& address) {
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six) ||
      IN6_IS_ADDR_LINKLOCAL(&six)) {
    return address;
  }
  return std::string(reinterpret_cast<const char*>(six.s6_addr), 8);
}

// What the library wants to know of a queue: nothing, or (newer versions) whether it took the work.
using Taken = decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));

}  // namespace

class HttpsServer::Queue : public httplib::TaskQueue {
 public:
  explicit Queue(std::atomic<std::size_t>& waiting) : waiting_(waiting), threads_(kThreads) {}

  Taken enqueue(std::function<void()> serve) override {
    if (waiting_.load() >= kWaiting) {
      unheard = true;
      serve();
      unheard = false;
    } else {
      ++waiting_;
      threads_.enqueue([this, serve = std::move(serve)] {
        --waiting_;
        serve();
      });
    }
    return static_cast<Taken>(true);
  }

  void shutdown() override { threads_.shutdown(); }

 private:
  std::atomic<std::size_t>& waiting_;
  httplib::ThreadPool threads_;
};

// One of the places that an address has.
class HttpsServer::Place {
 public:
  Place(HttpsServer& server, std::string address) : server_(server), address_(std::move(address)) {
    const absl::MutexLock lock(&server_.mutex_);
    taken_ = ++server_.connections_[address_] <= kOfOneAddress;
  }

  ~Place() {
    const absl::MutexLock lock(&server_.mutex_);
    const auto found = server_.connections_.find(address_);
    if (--found->second == 0) {
      server_.connections_.erase(found);
    }
  }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  bool taken() const { return taken_; }

 private:
  HttpsServer& server_;
  const std::string address_;
  bool taken_ = false;
};

HttpsServer::HttpsServer(const std::function<bool(SSL_CTX&)>& setup, int stop)
    : SSLServer(setup), stop_(stop) {
  new_task_queue = [this] { return new Queue(waiting_); };
}

bool HttpsServer::process_and_close_socket(socket_t socket) {
  if (!unheard) {
    Serve(socket);
  }
  return ::shutdown(socket, SHUT_RDWR) == 0 && ::close(socket) == 0;
}

// While others wait for a thread, who says nothing gives it up within a second.
bool HttpsServer::AwaitRequest(TlsStream* stream) {
  constexpr absl::Duration kLook = absl::Seconds(1);
  for (absl::Duration idle; idle < kIdle; idle += kLook) {
    if (stream->AwaitRequest(kLook)) {
      return true;
    }
    if (waiting_.load() > 0 || stream->stopping()) {
      return false;
    }
  }
  return false;
}

void HttpsServer::Serve(socket_t socket) {
  TlsStream stream(ssl_context(), socket, stop_);
  std::string address;
  int port = 0;
  stream.get_remote_ip_and_port(address, port);
  const Place place(*this, NetworkOf(address));
  if (!place.taken() || !stream.Accept()) {
    return;
  }
  const auto setup = [&stream](httplib::Request& request) {
    request.ssl = stream.ssl();
    // Of what has no size nothing is read (listener.cc), so that nothing after it can be trusted;
    // nor where two could read two sizes.
    const std::size_t sizes = request.get_header_value_count("Content-Length");
    int64_t size = 0;
    const bool sized =
        sizes == 0 ||
        (sizes == 1 && ParseInt(request.get_header_value("Content-Length"), &size) && size >= 0);
    const bool trusted = sized && !request.has_header("Transfer-Encoding");
    stream.BeginBody(static_cast<uint64_t>(std::max<int64_t>(size, 0)));
    if (!trusted) {
      stream.EndAfterThis();
    }
  };
  for (std::size_t left = kRequestsOfOne; left > 0 && stream.InStep(); --left) {
    if (!AwaitRequest(&stream)) {
      return;
    }
    stream.BeginHead();
    bool closed = false;
    const auto answer = [&](auto& self) {
      if constexpr (requires { self.process_request(stream, left == 1, closed, setup); }) {
        return self.process_request(stream, left == 1, closed, setup);
      } else {  // From 0.16 on the library does not ask the stream whose it is.
        return self.process_request(stream, address, port, "", 0, left == 1, closed, setup);
      }
    };
    if (!answer(*this) || closed) {
      return;
    }
  }
}

}  // namespace fettle::server::http
