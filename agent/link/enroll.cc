// SPDX-License-Identifier: Apache-2.0
#include "agent/link/enroll.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include <grpcpp/grpcpp.h>

#include "agent/link/link.h"
#include "fettle/v1/enrollment.grpc.pb.h"
#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "lib/pki/pinned_ca.h"
#include "lib/wire/framing.h"

namespace fettle::link {
namespace {

constexpr absl::Duration kFetchTime = absl::Seconds(30);
constexpr std::chrono::seconds kCallTime{60};

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

absl::Status FromGrpc(const grpc::Status& status) {
  // The codes of both are the same numbers.
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace

absl::Status RunEnrollment(const std::string& server, const std::string& pin_hex, int fd) {
  ASSIGN_OR_RETURN(const v1::EnrollRequest request, ReadRequest(fd));
  ASSIGN_OR_RETURN(const Digest pin, Digest::FromHex(pin_hex));
  ASSIGN_OR_RETURN(const std::string ca,
                   pki::FetchPinnedCa(server, pin, Deadline::After(kFetchTime)));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ca;
  const auto channel =
      grpc::CreateCustomChannel(server, grpc::SslCredentials(options), LinkChannelArguments());
  const auto stub = v1::Enrollment::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
  v1::EnrollResponse response;
  RETURN_IF_ERROR(Annotate(FromGrpc(stub->Enroll(&context, request, &response)), server));
  response.set_ca(ca);
  return WriteResponse(response, fd);
}

}  // namespace fettle::link
