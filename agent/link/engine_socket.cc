// SPDX-License-Identifier: Apache-2.0
#include "agent/link/engine_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::link {

EngineSocket::EngineSocket(int fd, std::function<void()> arrived)
    : fd_(fd), arrived_(std::move(arrived)), thread_([this] { ReadAll(); }) {}

std::optional<v1::ToLink> EngineSocket::Take() {
  const absl::MutexLock lock(&mutex_);
  if (inbox_.empty()) {
    return std::nullopt;
  }
  v1::ToLink message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

bool EngineSocket::ended() const {
  const absl::MutexLock lock(&mutex_);
  return ended_;
}

absl::Status EngineSocket::Write(const v1::FromLink& message) const {
  ASSIGN_OR_RETURN(const std::string frame, wire::Frame(message));
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t wrote = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno != EINTR) {
      return Unavailable("the agent is gone");
    }
    rest.remove_prefix(wrote < 0 ? 0 : static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

void EngineSocket::ReadAll() {
  wire::FrameReader reader;
  while (ReadOnce(&reader).ok()) {
    arrived_();
  }
  {
    const absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  arrived_();
}

absl::Status EngineSocket::ReadOnce(wire::FrameReader* reader) {
  std::array<char, 64 << 10> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EINTR) {
    return absl::OkStatus();
  }
  if (got <= 0) {
    return Unavailable("the agent is gone");
  }
  reader->Append({buffer.data(), static_cast<std::size_t>(got)});
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<std::string> frame, reader->Next());
    if (!frame.has_value()) {
      return absl::OkStatus();
    }
    v1::ToLink message;
    if (!message.ParseFromString(*frame)) {
      return InvalidArgument("the agent sent what is no message");
    }
    const absl::MutexLock lock(&mutex_);
    inbox_.push_back(std::move(message));
  }
}

}  // namespace fettle::link
