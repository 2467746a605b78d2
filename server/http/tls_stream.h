// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>
#include <poll.h>

#include <optional>
#include <string>

#include "lib/base/deadline.h"
#include "lib/pki/tls_server.h"

namespace fettle::server::http {

// One connection of TLS as cpp-httplib reads and writes it, with what the library does not bound:
// the head of a request has kMostHead bytes and kHeadTime, a body and an answer have as long as a
// slow line (kSlowest) takes, and all waits end soon after the server has been told to stop. What
// breaks a bound ends the connection. For one thread.
class TlsStream : public httplib::Stream {
 public:
  static constexpr std::size_t kMostHead = std::size_t{64} << 10;
  static constexpr std::size_t kMostBody = std::size_t{4} << 20;  // Time is given for no more.
  static constexpr absl::Duration kHandshakeTime = absl::Seconds(5);
  static constexpr absl::Duration kHeadTime = absl::Seconds(10);
  static constexpr absl::Duration kPartTime = absl::Seconds(10);  // For a body, or one write.
  static constexpr std::size_t kSlowest = std::size_t{64} << 10;  // Bytes per second, beyond that.
  static constexpr absl::Duration kAfterStop = absl::Seconds(1);

  // `socket` stays the caller's. `stop` becomes readable when the server is to stop.
  TlsStream(ssl_ctx_st* context, int socket, int stop);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // The handshake. False: there is nobody to talk to.
  bool Accept();

  // Waits for the first byte of a request. False: there will be none.
  bool AwaitRequest(absl::Duration patience);

  // From here on bytes are those of a head; from there on those of a body of `size`.
  void BeginHead();
  void BeginBody(uint64_t size);

  // Whether another request can follow: all of the present one was read, and nothing was wrong.
  bool InStep() const { return !broken_ && !last_ && unread_ == 0; }

  // The present request is the last, however much of it is read.
  void EndAfterThis() { last_ = true; }

  bool stopping() const { return stop_by_.has_value(); }

  ssl_st* ssl() const { return tls_.handle(); }

  // As httplib::Stream says.
  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* ptr, size_t size) override;
  ssize_t write(const char* ptr, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;

  socket_t socket() const override { return socket_; }

  virtual time_t duration() const { return 0; }

 private:
  // What TLS waits for, waited for. False: nothing more will come, or it took too long.
  bool Await(pki::TlsServerEnd::Step step, const Deadline& deadline);
  bool Poll(short events, const Deadline& deadline);
  ssize_t Break();
  // Tells who sends a head that is too large, and breaks.
  ssize_t RefuseHead();

  const int socket_;
  const int stop_;
  pki::TlsServerEnd tls_;
  bool broken_ = false;
  bool in_head_ = true;
  bool last_ = false;
  std::size_t head_left_ = kMostHead;
  uint64_t unread_ = 0;  // Of the body.
  Deadline read_by_ = Deadline::Never();
  std::optional<Deadline> stop_by_;  // Once the stop was seen.
};

}  // namespace fettle::server::http
