// SPDX-License-Identifier: Apache-2.0
#include "cli/client/connection.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"

namespace fettle::cli {
namespace {

// "127.0.0.1:PORT" where nobody listens: a port that was free a moment ago.
std::string NobodysAddress() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

Connection ToNobody() {
  const auto authority =
      pki::CertificateAuthority::Create("Test CA", absl::Hours(1), absl::FromUnixSeconds(1 << 30));
  return Connection::Anonymous(NobodysAddress(), authority->certificate_pem());
}

TEST(ConnectionTest, SaysWhichServerCannotBeReachedAndWhatToCheck) {
  const Connection connection = ToNobody();
  const absl::Status status = connection.Explain(Unavailable("connection refused"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(Message(status).find(connection.address()), std::string_view::npos) << status;
  EXPECT_NE(Message(status).find("firewalls"), std::string_view::npos) << status;
}

TEST(ConnectionTest, AnUnacceptedCertificateLeadsToLogin) {
  const absl::Status status = ToNobody().Explain(absl::UnauthenticatedError("certificate revoked"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_NE(Message(status).find("certificate revoked; `fettle login"), std::string_view::npos);
}

TEST(ConnectionTest, WhatTheServerSaidStaysAsItIs) {
  const absl::Status status = NotFound("there is no channel \"prod\"");
  EXPECT_EQ(ToNobody().Explain(status), status);
}

}  // namespace
}  // namespace fettle::cli
