// SPDX-License-Identifier: Apache-2.0
#include "agent/control/ask_agent.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <string_view>

#include <fmt/ranges.h>

#include "agent/journal/disk.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::agent {

absl::StatusOr<sockaddr_un> ControlAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return InvalidArgument("{} is too long for a socket", path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

absl::StatusOr<ControlAnswer> AskAgent(const std::string& path,
                                       const std::vector<std::string>& words,
                                       Deadline deadline) {
  ASSIGN_OR_RETURN(const sockaddr_un address, ControlAddress(path));
  const journal::File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open() ||
      ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Unavailable("no agent answers at {}: is fettle-agent running, and are you root?", path);
  }
  if (deadline.Remaining() != absl::InfiniteDuration()) {
    const timeval patience = absl::ToTimeval(deadline.Remaining());
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  RETURN_IF_ERROR(journal::WriteAll(socket, fmt::format("{}\n", fmt::join(words, "\t")), path));
  std::string answer;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::recv(socket.fd(), buffer.data(), buffer.size(), 0)) > 0) {
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t end = answer.find('\n');
  int64_t code = 0;
  if (got < 0 || end == std::string::npos ||
      !ParseInt(std::string_view(answer).substr(0, end), &code)) {
    return Unavailable("the agent gave no answer: it was too busy, or ended meanwhile");
  }
  return ControlAnswer{static_cast<int>(code), answer.substr(end + 1)};
}

}  // namespace fettle::agent
