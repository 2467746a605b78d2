// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/tcp_connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <system_error>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::pki {
namespace {

constexpr int64_t kMaxPort = 65535;

std::string ErrorText(int error) {
  return std::generic_category().message(error);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// A look-up in the C library's own thread. It may outlive our patience, so all it uses lives here.
struct Lookup {
  HostPort to;
  addrinfo hints{};
  gaicb request{};

  explicit Lookup(const HostPort& target) : to(target) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    request.ar_name = to.host.c_str();
    request.ar_service = to.port.c_str();
    request.ar_request = &hints;
  }
};

// Waits until the look-up is done or time is up.
void WaitFor(Lookup& lookup, Deadline deadline) {
  const gaicb* const list[] = {&lookup.request};
  while (gai_error(&lookup.request) == EAI_INPROGRESS && !deadline.expired()) {
    // In slices of an hour: "never" has no timespec.
    const absl::Duration slice = std::min(deadline.Remaining(), absl::Hours(1));
    const timespec limit = absl::ToTimespec(slice);
    static_cast<void>(gai_suspend(list, 1, &limit));
  }
}

absl::StatusOr<Addresses> Resolve(const HostPort& to, Deadline deadline) {
  auto lookup = std::make_unique<Lookup>(to);
  gaicb* list[] = {&lookup->request};
  if (const int error = getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr); error != 0) {
    return Unavailable("looking up \"{}\": {}", to.host, gai_strerror(error));
  }
  WaitFor(*lookup, deadline);
  int error = gai_error(&lookup->request);
  if (error == EAI_INPROGRESS && gai_cancel(&lookup->request) == EAI_NOTCANCELED) {
    // The library's thread still writes there and tells nobody when it ends: never freed.
    static_cast<void>(lookup.release());
    return DeadlineExceeded("looking up \"{}\": the name servers do not answer in time", to.host);
  }
  error = gai_error(&lookup->request);
  if (error == EAI_CANCELED) {
    return DeadlineExceeded("looking up \"{}\": the name servers do not answer in time", to.host);
  }
  if (error != 0) {
    return Unavailable("looking up \"{}\": {}; is the name right?", to.host, gai_strerror(error));
  }
  return Addresses(lookup->request.ar_result);
}

// How many addresses there are from this one on.
int CountFrom(const addrinfo* address) {
  int count = 0;
  for (; address != nullptr; address = address->ai_next) {
    ++count;
  }
  return count;
}

// For messages: which of a name's addresses it was.
std::string AddressText(const addrinfo& address) {
  std::array<char, NI_MAXHOST> text{};
  const int error = getnameinfo(
      address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? text.data() : "an address";
}

}  // namespace

absl::StatusOr<HostPort> HostPort::Parse(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  std::string_view host = address.substr(0, std::min(colon, address.size()));
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  int64_t port = 0;
  const bool valid = colon != std::string_view::npos && !host.empty() && IsText(host) &&
                     host.find_first_of("[] \t\r\n/") == std::string_view::npos &&
                     (bracketed || host.find(':') == std::string_view::npos) &&
                     ParseInt(address.substr(colon + 1), &port) && port > 0 && port <= kMaxPort;
  if (!valid) {
    return InvalidArgument(
        "\"{}\" is not an address: HOST:PORT is due, as in fettle.example.com:7443 or "
        "[2001:db8::1]:7443",
        address.substr(0, 300));
  }
  return HostPort{.host = std::string(host), .port = fmt::format("{}", port)};
}

TcpConnection::~TcpConnection() {
  if (fd_ >= 0) {
    static_cast<void>(close(fd_));
  }
}

absl::Status TcpConnection::Wait(short events, Deadline deadline) const {
  pollfd entry{.fd = fd_, .events = events, .revents = 0};
  for (;;) {
    const int ready = poll(&entry, 1, deadline.PollMilliseconds());
    if (ready > 0) {
      return absl::OkStatus();
    }
    if (ready == 0 && deadline.expired()) {
      return DeadlineExceeded("no answer in time");
    }
    if (ready < 0 && errno != EINTR) {
      return Internal("poll: {}", ErrorText(errno));
    }
  }
}

absl::StatusOr<TcpConnection> TcpConnection::ConnectTo(const addrinfo& to, Deadline deadline) {
  TcpConnection connection(
      socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol));
  if (connection.fd_ < 0) {
    return Unavailable("making a socket: {}", ErrorText(errno));
  }
  int error = connect(connection.fd_, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    RETURN_IF_ERROR(connection.Wait(POLLOUT, deadline));
    socklen_t size = sizeof(error);
    static_cast<void>(getsockopt(connection.fd_, SOL_SOCKET, SO_ERROR, &error, &size));
  }
  if (error != 0) {
    return Unavailable("{}", ErrorText(error));
  }
  return connection;
}

absl::StatusOr<TcpConnection> TcpConnection::Connect(const HostPort& to, Deadline deadline) {
  return Connect(to, deadline, [](TcpConnection& /*connection*/, Deadline /*share*/) {
    return absl::OkStatus();
  });
}

absl::StatusOr<TcpConnection> TcpConnection::Connect(const HostPort& to,
                                                     Deadline deadline,
                                                     const Begin& begin) {
  RETURN_IF_ERROR(deadline.Check("connecting"));
  ASSIGN_OR_RETURN(const Addresses addresses, Resolve(to, deadline));
  absl::Status told = Unavailable("the name \"{}\" has no address", to.host);
  bool answered = false;  // What somebody who answered did says more than that others did not.
  for (const addrinfo* next = addresses.get(); next != nullptr; next = next->ai_next) {
    // Each has its share of the time, so that one where everything is dropped does not hide the
    // next.
    const Deadline share = deadline.Within(deadline.Remaining() / CountFrom(next));
    absl::StatusOr<TcpConnection> connection = ConnectTo(*next, share);
    const absl::Status begun = connection.ok() ? begin(*connection, share) : connection.status();
    if (begun.ok()) {
      return connection;
    }
    if (connection.ok() || !answered) {
      told = Annotate(begun, "connecting to " + AddressText(*next));
    }
    answered = answered || connection.ok();
  }
  return told;
}

absl::Status TcpConnection::AfterError(std::string_view doing, short events, Deadline deadline) {
  if (errno == EAGAIN) {
    return Wait(events, deadline);
  }
  return errno == EINTR ? absl::OkStatus() : Unavailable("{}: {}", doing, ErrorText(errno));
}

absl::Status TcpConnection::Send(std::string_view data, Deadline deadline) {
  while (!data.empty()) {
    // Not write(): a server that hangs up must not kill us with SIGPIPE.
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    RETURN_IF_ERROR(sent < 0 ? AfterError("sending", POLLOUT, deadline) : absl::OkStatus());
    data.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TcpConnection::Receive(Deadline deadline) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got >= 0) {
      return std::string(buffer.data(), static_cast<std::size_t>(got));
    }
    RETURN_IF_ERROR(AfterError("receiving", POLLIN, deadline));
  }
}

absl::StatusOr<std::size_t> TcpConnection::SendNow(std::string_view data) {
  for (;;) {
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      return static_cast<std::size_t>(sent);
    }
    if (errno == EAGAIN) {
      return std::size_t{0};
    }
    if (errno != EINTR) {
      return Unavailable("sending: {}", ErrorText(errno));
    }
  }
}

absl::StatusOr<std::optional<std::string>> TcpConnection::ReceiveNow() {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got >= 0) {
      return std::string(buffer.data(), static_cast<std::size_t>(got));
    }
    if (errno == EAGAIN) {
      return std::nullopt;
    }
    if (errno != EINTR) {
      return Unavailable("receiving: {}", ErrorText(errno));
    }
  }
}

void TcpConnection::KeepShort() {
  constexpr int kUnacknowledgedMs = 30'000;
  const int on = 1;
  static_cast<void>(setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
  static_cast<void>(setsockopt(
      fd_, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMs, sizeof(kUnacknowledgedMs)));
}

}  // namespace fettle::pki
