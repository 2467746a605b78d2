// SPDX-License-Identifier: Apache-2.0
#include "server/siem/syslog_outlet.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_files.h"
#include "server/siem/format.h"

namespace fettle::server::siem {
namespace {

constexpr uint64_t kMostPem = 1 << 20;
// How often it is looked whether the other side has acknowledged.
constexpr int kLookEveryMs = 5;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  return path.empty() ? absl::StatusOr<std::string>("")
                      : sys::LinuxFiles("", "").Read(path, kMostPem);
}

// What to do about a connection that could not be made.
absl::Status Explain(const absl::Status& status, const SiemOutlet& config) {
  if (absl::IsPermissionDenied(status)) {
    return Annotate(status,
                    fmt::format("{}: name the file of the authority that issued its certificate as "
                                "ca_file, or have it issued for the name in the address",
                                config.address));
  }
  return Annotate(status, config.address);
}

}  // namespace

SyslogOutlet::SyslogOutlet(SiemOutlet config, std::string server)
    : config_(std::move(config)), server_(std::move(server)) {}

absl::Status SyslogOutlet::Connect(Deadline deadline) {
  pki::TlsIdentity identity;
  ASSIGN_OR_RETURN(identity.ca, ReadPem(config_.ca_file));
  ASSIGN_OR_RETURN(identity.certificate, ReadPem(config_.certificate_file));
  ASSIGN_OR_RETURN(identity.private_key, ReadPem(config_.key_file));
  auto connection = pki::TlsConnection::Dial(
      config_.address, identity, deadline, pki::TlsConnection::Speaks::kOther);
  if (!connection.ok()) {
    return Explain(connection.status(), config_);
  }
  connection_.emplace(*std::move(connection));
  return absl::OkStatus();
}

// Receivers say nothing, but TLS does: a certificate that it does not take, a goodbye.
absl::Status SyslogOutlet::Listen() {
  std::string said;
  return connection_->Read(&said);
}

absl::Status SyslogOutlet::Put(std::string_view frames, Deadline deadline) {
  RETURN_IF_ERROR(connection_->Write(frames));
  while (true) {
    RETURN_IF_ERROR(Listen());
    RETURN_IF_ERROR(connection_->Flush());
    int unacknowledged = 0;
    if (ioctl(connection_->fd(), SIOCOUTQ, &unacknowledged) != 0) {
      return sys::ErrnoStatus(errno, "ask about the connection to", config_.address);
    }
    if (!connection_->wants_write() && unacknowledged == 0) {
      return absl::OkStatus();
    }
    if (deadline.expired()) {
      return DeadlineExceeded("it took nothing for {}", absl::FormatDuration(config_.timeout));
    }
    pollfd room{connection_->fd(), POLLIN, 0};
    if (connection_->wants_write()) {
      room.events = POLLIN | POLLOUT;
    }
    static_cast<void>(poll(&room, 1, kLookEveryMs));
  }
}

absl::Status SyslogOutlet::Send(const std::vector<Event>& events) {
  const Deadline deadline = Deadline::After(config_.timeout);
  if (!connection_.has_value()) {
    RETURN_IF_ERROR(Connect(deadline));
  }
  std::string frames;
  for (const Event& event : events) {
    frames += SyslogFrame(event, FormatLine(config_.format, event, server_), server_);
  }
  const absl::Status sent = Put(frames, deadline);
  if (!sent.ok()) {
    connection_.reset();
  }
  return Annotate(sent, config_.address);
}

absl::Status SyslogOutlet::Check() {
  if (!connection_.has_value()) {
    return absl::OkStatus();
  }
  const absl::Status there = Listen();
  if (!there.ok()) {
    connection_.reset();
  }
  return Annotate(there, config_.address);
}

}  // namespace fettle::server::siem
