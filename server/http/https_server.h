// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace fettle::server::http {

class TlsStream;

// cpp-httplib's server with bounds on what strangers may take of it: threads, connections that wait
// for one, connections of one address, and each connection's bytes and time (tls_stream.h).
class HttpsServer : public httplib::SSLServer {
 public:
  static constexpr std::size_t kThreads = 96;
  static constexpr std::size_t kOfOneAddress = 32;  // Of IPv6: of one network of 64 bits.
  static constexpr std::size_t kWaiting = 256;      // Beyond that a connection is closed unheard.
  static constexpr std::size_t kRequestsOfOne = 1000;

  // `setup` prepares the context of TLS; false if it cannot. `stop` becomes readable when the
  // server is to stop, and outlives this.
  HttpsServer(const std::function<bool(SSL_CTX&)>& setup, int stop);

 private:
  class Queue;
  class Place;

  bool process_and_close_socket(socket_t socket) override;
  void Serve(socket_t socket);
  bool AwaitRequest(TlsStream* stream);

  const int stop_;
  std::atomic<std::size_t> waiting_ = 0;  // Connections that no thread has taken yet.
  absl::Mutex mutex_;
  std::map<std::string, std::size_t> connections_ ABSL_GUARDED_BY(mutex_);  // By address.
};

}  // namespace fettle::server::http
