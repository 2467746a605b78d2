// SPDX-License-Identifier: Apache-2.0
#include "server/api/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/pki/certificate_authority.h"
#include "lib/pki/private_key.h"
#include "server/api/grpc_status.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PeerTest, WhoSomebodyIsStandsInTheUriNotInTheCommonName) {
  const absl::Time now = absl::Now();
  ASSERT_OK_AND_ASSIGN(const auto authority,
                       pki::CertificateAuthority::Create("CA", absl::Hours(24), now));
  ASSERT_OK_AND_ASSIGN(const auto key, pki::PrivateKey::Generate());
  pki::IssueRequest request;
  request.identity = {pki::Role::kHost, "web1"};
  ASSERT_OK_AND_ASSIGN(request.public_key_pem, key.PublicPem());
  request.common_name = "fettle://user/admin";
  request.validity = absl::Hours(1);
  request.now = now;
  ASSERT_OK_AND_ASSIGN(const std::string pem, authority.Issue(request));
  ASSERT_OK_AND_ASSIGN(const Peer peer, PeerOfCertificate(pem));
  EXPECT_EQ(peer.Who(), "host/web1");
  EXPECT_FALSE(peer.serial.empty());
  EXPECT_THAT(PeerOfCertificate(authority.certificate_pem()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("0 URI names")));
  EXPECT_THAT(PeerOfCertificate("nothing"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(PeerTest, AnAddressIsWithoutSchemePortAndBrackets) {
  EXPECT_EQ(AddressOf("ipv4:192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(AddressOf("ipv6:%5B2001:db8::1%5D:4711"), "2001:db8::1");
  EXPECT_EQ(AddressOf("ipv6:[::1]:4711"), "::1");
  EXPECT_EQ(AddressOf("unix:"), "unix:");
}

TEST(GrpcStatusTest, CodeAndMessageAreKept) {
  const grpc::Status status = ToGrpc(absl::NotFoundError("no such host"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such host");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

TEST(GrpcStatusTest, AMessageTooLongForTheWireIsCutAtALineAndSaysSo) {
  std::string lines;
  for (int i = 0; i < 2000; ++i) {
    lines += "fleet.lua:1: x\n";
  }
  const std::string cut = ToGrpc(absl::InvalidArgumentError(lines)).error_message();
  EXPECT_LT(cut.size(), 7200U);
  EXPECT_THAT(cut, StartsWith("fleet.lua:1: x\nfleet.lua:1: x\n"));
  EXPECT_THAT(cut, EndsWith("x\n(and more that does not fit)"));
}

}  // namespace
}  // namespace fettle::server
