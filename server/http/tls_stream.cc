// SPDX-License-Identifier: Apache-2.0
#include "server/http/tls_stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "lib/base/text.h"

namespace fettle::server::http {
namespace {

using Step = pki::TlsServerEnd::Step;

Deadline TimeFor(uint64_t size) {
  return Deadline::After(TlsStream::kPartTime +
                         absl::Seconds(static_cast<double>(size) / TlsStream::kSlowest));
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

void Name(NameOf name_of, int socket, std::string* ip, int* port) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (name_of(socket, generic, &size) != 0 || getnameinfo(generic,
                                                          size,
                                                          host.data(),
                                                          host.size(),
                                                          service.data(),
                                                          service.size(),
                                                          NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  int64_t number = 0;
  static_cast<void>(ParseInt(service.data(), &number));
  *ip = host.data();
  *port = static_cast<int>(number);
}

}  // namespace

TlsStream::TlsStream(ssl_ctx_st* context, int socket, int stop)
    : socket_(socket), stop_(stop), tls_(context, socket) {
  const int flags = fcntl(socket, F_GETFL);
  broken_ = flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0;
}

bool TlsStream::Accept() {
  const Deadline deadline = Deadline::After(kHandshakeTime);
  while (!broken_) {
    const Step step = tls_.Shake();
    if (step == Step::kDone) {
      return true;
    }
    broken_ = !Await(step, deadline);
  }
  return false;
}

bool TlsStream::AwaitRequest(absl::Duration patience) {
  return !broken_ && (tls_.pending() || Poll(POLLIN, Deadline::After(patience)));
}

void TlsStream::BeginHead() {
  in_head_ = true;
  head_left_ = kMostHead;
  unread_ = 1;  // Until BeginBody() says what there is.
  read_by_ = Deadline::After(kHeadTime);
}

void TlsStream::BeginBody(uint64_t size) {
  in_head_ = false;
  unread_ = size;
  read_by_ = TimeFor(std::min<uint64_t>(size, kMostBody));
}

bool TlsStream::Poll(short events, const Deadline& deadline) {
  for (;;) {
    std::array<pollfd, 2> files{pollfd{socket_, events, 0},
                                pollfd{stop_by_.has_value() ? -1 : stop_, POLLIN, 0}};
    const Deadline until = stop_by_.has_value() ? deadline.Within(stop_by_->Remaining()) : deadline;
    const int ready = poll(files.data(), files.size(), until.PollMilliseconds());
    if (ready < 0 && errno != EINTR) {
      return false;
    }
    if (ready > 0 && files[1].revents != 0) {
      stop_by_ = Deadline::After(kAfterStop);
    }
    // Nobody is asked for more; an answer under way may end.
    if (stop_by_.has_value() && (events == POLLIN || stop_by_->expired())) {
      return false;
    }
    if (ready > 0 && files[0].revents != 0) {
      return true;
    }
    if (deadline.expired()) {
      return false;
    }
  }
}

bool TlsStream::Await(Step step, const Deadline& deadline) {
  return step != Step::kOver && Poll(step == Step::kWantsRoom ? POLLOUT : POLLIN, deadline);
}

ssize_t TlsStream::Break() {
  broken_ = true;
  return -1;
}

ssize_t TlsStream::RefuseHead() {
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 40\r\n\r\n"
      "the head of a request has 64 KiB at most";
  static_cast<void>(write(kAnswer.data(), kAnswer.size()));
  // What is still on its way is taken for a moment, else its sender sees a reset, not the answer.
  std::array<char, 4096> rest{};
  const Deadline soon = Deadline::After(absl::Seconds(1));
  tls_.Close();
  while (!soon.expired() && Poll(POLLIN, soon) &&
         recv(socket_, rest.data(), rest.size(), MSG_DONTWAIT) > 0) {
  }
  return Break();
}

bool TlsStream::is_readable() const {
  return !broken_ && !read_by_.expired();
}

bool TlsStream::is_writable() const {
  pollfd file{socket_, POLLRDHUP, 0};
  return !broken_ && poll(&file, 1, 0) == 0;
}

ssize_t TlsStream::read(char* ptr, size_t size) {
  if (in_head_ && head_left_ == 0) {
    return broken_ ? -1 : RefuseHead();
  }
  size = in_head_ ? std::min(size, head_left_) : size;
  while (!broken_) {
    std::size_t got = 0;
    const Step step = tls_.Read(ptr, size, &got);
    if (step == Step::kDone) {
      head_left_ -= in_head_ ? got : 0;
      unread_ -= in_head_ ? 0 : std::min<uint64_t>(unread_, got);
      return static_cast<ssize_t>(got);
    }
    if (read_by_.expired() || !Await(step, read_by_)) {
      return Break();
    }
  }
  return -1;
}

ssize_t TlsStream::write(const char* ptr, size_t size) {
  const Deadline deadline = TimeFor(size);
  std::size_t done = 0;
  while (!broken_ && done < size) {
    std::size_t put = 0;
    const Step step = tls_.Write(ptr + done, size - done, &put);
    done += put;
    if (deadline.expired() || (step != Step::kDone && !Await(step, deadline))) {
      return Break();
    }
  }
  return broken_ ? -1 : static_cast<ssize_t>(done);
}

void TlsStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  Name(getpeername, socket_, &ip, &port);
}

void TlsStream::get_local_ip_and_port(std::string& ip, int& port) const {
  Name(getsockname, socket_, &ip, &port);
}

}  // namespace fettle::server::http
