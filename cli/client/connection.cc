// SPDX-License-Identifier: Apache-2.0
#include "cli/client/connection.h"

#include <cstdlib>

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/pinned_ca.h"

namespace fettle::cli {
namespace {

constexpr int kMaxMessageBytes = 256 << 20;
constexpr absl::Duration kProbe = absl::Seconds(3);
constexpr std::string_view kLoginAgain =
    "`fettle login --server HOST:7441 --token TOKEN` with a new token gives you another";

// gRPC writes its own lines to standard error where we have a better one to say. GRPC_VERBOSITY
// brings them back.
void QuietGrpc() {
  if (secure_getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const grpc::SslCredentialsOptions& options) {
  QuietGrpc();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt("grpc.enable_http_proxy", 0);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

}  // namespace

Connection Connection::Open(const Credentials& credentials) {
  return {credentials.server,
          credentials.ca_pem,
          MakeChannel(credentials.server,
                      {credentials.ca_pem, credentials.key_pem, credentials.certificate_pem})};
}

Connection Connection::Anonymous(const std::string& address, const std::string& ca_pem) {
  return {address, ca_pem, MakeChannel(address, {ca_pem, "", ""})};
}

absl::Status Connection::Explain(const absl::Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return ExplainUnavailable(status);
    case absl::StatusCode::kDeadlineExceeded:
      return DeadlineExceeded(
          "the server at {} did not answer in time; is it overloaded? (`journalctl -u "
          "fettle-server` there)",
          address_);
    case absl::StatusCode::kUnauthenticated:
      return absl::UnauthenticatedError(fmt::format("{}; {}", Message(status), kLoginAgain));
    case absl::StatusCode::kUnimplemented:
      return FailedPrecondition(
          "the server at {} does not know this call: it is older than this fettle ({})",
          address_,
          Message(status));
    default:
      return status;
  }
}

absl::Status Connection::ExplainUnavailable(const absl::Status& status) const {
  const auto ca = pki::ParseCertificate(ca_pem_);
  if (!ca.ok()) {
    return status;
  }
  const absl::Status probe =
      pki::FetchPinnedCa(address_, ca->fingerprint, Deadline::After(kProbe)).status();
  if (probe.ok()) {
    return absl::UnauthenticatedError(fmt::format(
        "the server at {} answers, but there is no connection with it ({}): either it does not "
        "accept your certificate (revoked?), and then {}; or this is not one of the `names` in its "
        "configuration; its log says which",
        address_,
        Message(status),
        kLoginAgain));
  }
  if (absl::IsPermissionDenied(probe)) {
    return PermissionDenied(
        "{} answers, but is not the server you logged in to (its authority is another one): if it "
        "was set up anew, {}",
        address_,
        kLoginAgain);
  }
  return Unavailable(
      "cannot reach the server at {}: {}; check that it runs (`systemctl status fettle-server`), "
      "its address, and firewalls between here and there",
      address_,
      Message(probe));
}

}  // namespace fettle::cli
