// SPDX-License-Identifier: Apache-2.0
// Inside lib/pki only: a TCP connection that keeps to a deadline.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

struct addrinfo;

namespace fettle::pki {

// "web1:7443", "192.0.2.1:7443" or "[2001:db8::1]:7443" in its two parts; kInvalidArgument for
// anything else.
struct HostPort {
  std::string host;
  std::string port;

  static absl::StatusOr<HostPort> Parse(std::string_view address);
};

// A connected socket that does not block. Closes it.
class TcpConnection {
 public:
  // Tries every address of the name in turn, each for its share of the time. kUnavailable if none
  // answers, kDeadlineExceeded when time is up; also while the name is looked up. The message has
  // the last address that was tried, and why it was not the one.
  static absl::StatusOr<TcpConnection> Connect(const HostPort& to, Deadline deadline);

  // The same, and the first for which `begin` is OK, within its share of the time: a server that
  // accepts and then says nothing does not hide the next address.
  using Begin = std::function<absl::Status(TcpConnection& connection, Deadline share)>;
  static absl::StatusOr<TcpConnection> Connect(const HostPort& to,
                                               Deadline deadline,
                                               const Begin& begin);

  ~TcpConnection();

  TcpConnection(TcpConnection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  TcpConnection& operator=(TcpConnection&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  // Sends all of `data`.
  absl::Status Send(std::string_view data, Deadline deadline);

  // What has come, at least a byte; "" when the other side has closed.
  absl::StatusOr<std::string> Receive(Deadline deadline);

  // The same without waiting: how much was taken, maybe nothing; what has come by now, nullopt for
  // nothing.
  absl::StatusOr<std::size_t> SendNow(std::string_view data);
  absl::StatusOr<std::optional<std::string>> ReceiveNow();

  // For a connection that stays: small messages leave at once, and one whose other side does not
  // acknowledge them for so long is given up by the kernel (tcp(7), TCP_USER_TIMEOUT).
  void KeepShort();

  int fd() const { return fd_; }

 private:
  explicit TcpConnection(int fd) : fd_(fd) {}

  static absl::StatusOr<TcpConnection> ConnectTo(const addrinfo& to, Deadline deadline);

  absl::Status Wait(short events, Deadline deadline) const;

  // After a call that failed with errno: OK if it is worth another try, having waited for `events`.
  absl::Status AfterError(std::string_view doing, short events, Deadline deadline);

  int fd_;
};

}  // namespace fettle::pki
