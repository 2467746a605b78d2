// SPDX-License-Identifier: Apache-2.0
#include "agent/link/enroll.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/link/grpc_connection.h"
#include "fettle/v1/enrollment.pb.h"
#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "lib/pki/pinned_ca.h"
#include "lib/wire/framing.h"

namespace fettle::link {
namespace {

constexpr absl::Duration kFetchTime = absl::Seconds(30);
constexpr absl::Duration kCallTime = absl::Seconds(60);

absl::StatusOr<v1::EnrollRequest> ReadRequest(int fd) {
  wire::FrameReader reader;
  std::array<char, 4096> buffer{};
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<std::string> frame, reader.Next());
    if (frame.has_value()) {
      v1::EnrollRequest request;
      return request.ParseFromString(*frame) ? absl::StatusOr<v1::EnrollRequest>(std::move(request))
                                             : Internal("the request is no message");
    }
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      return Unavailable("the agent is gone");
    }
    reader.Append({buffer.data(), static_cast<std::size_t>(got)});
  }
}

absl::Status WriteResponse(const v1::EnrollResponse& response, int fd) {
  ASSIGN_OR_RETURN(const std::string frame, wire::Frame(response));
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t wrote = ::write(fd, rest.data(), rest.size());
    if (wrote <= 0) {
      return Unavailable("the agent is gone");
    }
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

// Waits for the connection's next input, or room for output.
absl::Status Wait(const GrpcConnection& connection, Deadline deadline) {
  constexpr short kBoth = POLLIN | POLLOUT;
  constexpr short kIn = POLLIN;
  pollfd watched{connection.fd(), connection.wants_write() ? kBoth : kIn, 0};
  static_cast<void>(::poll(&watched, 1, connection.lost() ? 0 : deadline.PollMilliseconds()));
  return deadline.Check("asking for a certificate");
}

// Makes the call on a connection of its own.
absl::StatusOr<v1::EnrollResponse> Ask(const std::string& server,
                                       const std::string& ca,
                                       const v1::EnrollRequest& request) {
  const Deadline deadline = Deadline::After(kCallTime);
  ASSIGN_OR_RETURN(pki::TlsConnection tls,
                   pki::TlsConnection::Dial(server, {ca, "", ""}, deadline));
  GrpcConnection connection(std::move(tls), server);
  const int32_t call = connection.Start("/fettle.v1.Enrollment/Enroll", kCallTime);
  connection.Send(call, request);
  connection.Finish(call);
  v1::EnrollResponse response;
  while (true) {
    RETURN_IF_ERROR(Wait(connection, deadline));
    std::vector<CallEvent> events;
    const absl::Status alive = connection.Process(&events);
    for (const CallEvent& event : events) {
      if (!event.message.has_value()) {
        RETURN_IF_ERROR(event.ended);
        return response;
      }
      if (!response.ParseFromString(*event.message)) {
        return Internal("the server sent what is no answer");
      }
    }
    RETURN_IF_ERROR(alive);
  }
}

}  // namespace

absl::Status RunEnrollment(const std::string& server, const std::string& pin_hex, int fd) {
  ASSIGN_OR_RETURN(const v1::EnrollRequest request, ReadRequest(fd));
  ASSIGN_OR_RETURN(const Digest pin, Digest::FromHex(pin_hex));
  ASSIGN_OR_RETURN(const std::string ca,
                   pki::FetchPinnedCa(server, pin, Deadline::After(kFetchTime)));
  absl::StatusOr<v1::EnrollResponse> response = Ask(server, ca, request);
  RETURN_IF_ERROR(Annotate(response.status(), server));
  response->set_ca(ca);
  return WriteResponse(*response, fd);
}

}  // namespace fettle::link
