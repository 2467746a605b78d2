// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <spdlog/spdlog.h>

#include "agent/journal/disk.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::agent {
namespace {

constexpr std::size_t kMostRequest = 4096;
constexpr int kBacklog = 8;

// The kernel's word for who is at the other end.
bool IsAllowed(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
         (who.uid == 0 || who.uid == ::geteuid());
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Listen(const std::string& path,
                                                                     Handler handler) {
  ASSIGN_OR_RETURN(const sockaddr_un address, ControlAddress(path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return journal::ErrnoStatus("make socket", path);
  }
  std::unique_ptr<ControlServer> server(new ControlServer(path, fd, std::move(handler)));
  ::unlink(path.c_str());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(fd, kBacklog) != 0) {
    return journal::ErrnoStatus("listen at", path);
  }
  return server;
}

ControlServer::~ControlServer() {
  for (const Asker& asker : askers_) {
    ::close(asker.fd);
  }
  ::close(fd_);
  ::unlink(path_.c_str());
}

std::vector<int> ControlServer::fds() const {
  std::vector<int> fds{fd_};
  for (const Asker& asker : askers_) {
    fds.push_back(asker.fd);
  }
  return fds;
}

void ControlServer::OnReadable(int fd) {
  if (fd == fd_) {
    Accept();
    return;
  }
  const auto found = std::find_if(
      askers_.begin(), askers_.end(), [fd](const Asker& asker) { return asker.fd == fd; });
  if (found != askers_.end()) {
    Read(&*found);
  }
}

void ControlServer::Accept() {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    return;
  }
  if (askers_.size() >= kMostAskers || !IsAllowed(fd)) {
    ::close(fd);
    return;
  }
  askers_.push_back({fd, next_id_++, "", false});
}

void ControlServer::Read(Asker* asker) {
  std::array<char, kMostRequest> buffer{};
  const ssize_t got = ::recv(asker->fd, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  const uint64_t id = asker->id;
  if (got <= 0 || asker->asked || asker->request.size() > kMostRequest) {
    Drop(id);
    return;
  }
  asker->request.append(buffer.data(), static_cast<std::size_t>(got));
  const std::size_t end = asker->request.find('\n');
  if (end == std::string::npos) {
    return;
  }
  asker->asked = true;
  std::vector<std::string> words;
  for (const std::string_view word : Split(std::string_view(asker->request).substr(0, end), '\t')) {
    words.emplace_back(word);
  }
  // By id: by the time of the answer the asker may have gone, and another have its descriptor.
  handler_(words,
           [this, id](int exit_code, const std::string& text) { Answer(id, exit_code, text); });
}

void ControlServer::Answer(uint64_t id, int exit_code, const std::string& text) {
  const auto found = std::find_if(
      askers_.begin(), askers_.end(), [id](const Asker& asker) { return asker.id == id; });
  if (found == askers_.end()) {
    return;
  }
  // Fits into the socket's buffer; what does not is lost to an asker that does not read.
  const std::string answer = fmt::format("{}\n{}", exit_code, text);
  if (::send(found->fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
    spdlog::debug("somebody asked and did not wait for the answer");
  }
  Drop(id);
}

void ControlServer::Drop(uint64_t id) {
  const auto found = std::find_if(
      askers_.begin(), askers_.end(), [id](const Asker& asker) { return asker.id == id; });
  if (found != askers_.end()) {
    ::close(found->fd);
    askers_.erase(found);
  }
}

}  // namespace fettle::agent
