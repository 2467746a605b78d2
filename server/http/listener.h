// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/pki/server_identity.h"
#include "server/http/message.h"

namespace fettle::server::http {

// Answers a request. Called from many threads at once.
using Handler = std::function<Response(const Request&)>;

// HTTPS, by cpp-httplib, within bounds (https_server.h). Safe from any thread.
class Listener {
 public:
  static constexpr std::size_t kMaxBody = std::size_t{4} << 20;

  // `address` is "host:port"; port 0 takes a free one. kInvalidArgument: the address or the
  // identity cannot be used; kUnavailable: the port cannot be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(std::string_view address,
                                                         const pki::TlsServerIdentity& identity,
                                                         Handler handler);
  // Shutdown(), if that was not called.
  ~Listener();

  int port() const;

  // What is shown to those who connect from now on.
  absl::Status Use(const pki::TlsServerIdentity& identity);

  // Takes no more connections and waits, not for long, for the answers under way. Streams are to be
  // ended by whoever feeds them, before.
  void Shutdown();

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace fettle::server::http
