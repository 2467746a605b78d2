// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fettle::testing {

// A server on loopback that shakes hands over TLS with one client and then says what the test tells
// it, well or badly formed: what a client of ours must outlive. Its own thread.
class TlsServer {
 public:
  struct Options {
    std::string certificate;  // PEM, with its key.
    std::string private_key;
    std::string says;          // Once hands were shaken.
    int hears = 1;             // Bytes of the client, at least, before it says that.
    bool offers_http2 = true;  // By ALPN.
    bool hangs_up = false;     // After that; else it waits for the client to close.
    bool speaks_tls = true;    // False: `says` goes over plain TCP.
  };

  explicit TlsServer(Options options);
  // Waits until the client has closed.
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  int port() const { return port_; }

 private:
  struct State;
  int port_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace fettle::testing
