// SPDX-License-Identifier: Apache-2.0
#include "agent/link/engine_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

#include "lib/base/status_macros.h"

namespace fettle::link {

absl::Status EngineSocket::Read() {
  std::array<char, 64 << 10> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
    return absl::OkStatus();
  }
  if (got <= 0) {
    return Unavailable("the agent is gone");
  }
  reader_.Append({buffer.data(), static_cast<std::size_t>(got)});
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::ToLink>> EngineSocket::Take() {
  ASSIGN_OR_RETURN(const std::optional<std::string> frame, reader_.Next());
  if (!frame.has_value()) {
    return std::nullopt;
  }
  v1::ToLink message;
  if (!message.ParseFromString(*frame)) {
    return InvalidArgument("the agent sent what is no message");
  }
  return message;
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

}  // namespace fettle::link
