// SPDX-License-Identifier: Apache-2.0
// Who may connect, enrol, publish and look: a real server, real TLS.
#include <filesystem>

#include "fettle/v1/evidence.grpc.pb.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/certificate_request.h"
#include "tests/server/server_world.h"
#include "tests/support/status_matchers.h"

namespace fettle::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AccessTest : public ServerWorld {
 protected:
  absl::Status ListHosts(const Credential& credential) const {
    Call call;
    v1::ListHostsResponse response;
    return Of(FleetOf(credential)->ListHosts(&call, {}, &response));
  }

  absl::Status Revoke(const std::string& host, const std::string& user) const {
    v1::RevokeRequest request;
    if (host.empty()) {
      request.set_user(user);
    } else {
      request.set_host(host);
    }
    request.set_reason("stolen");
    Call call;
    v1::RevokeResponse response;
    return Of(FleetOf(admin())->Revoke(&call, request, &response));
  }

  absl::StatusOr<v1::PublishResponse> Publish(const Credential& who,
                                              const std::string& statement,
                                              const std::string& signature) {
    v1::PublishRequest request;
    request.set_statement(statement);
    request.set_signature(signature);
    Call call;
    v1::PublishResponse response;
    RETURN_IF_ERROR(Of(PolicyOf(who)->Publish(&call, request, &response)));
    return response;
  }
};

TEST_F(AccessTest, TheFirstAdministratorLogsInWithTheTokenOfInit) {
  EXPECT_OK(ListHosts(admin()));
  ASSERT_OK_AND_ASSIGN(const auto info, pki::ParseCertificate(admin().certificate));
  EXPECT_THAT(info.uri_sans, ::testing::ElementsAre("fettle://user/admin"));
}

TEST_F(AccessTest, ATokenThatIsNotGoodIsRefusedWithTheReasonAndAudited) {
  const std::string token = Token(v1::SUBJECT_HOST, "web1");
  EXPECT_THAT(Enrol(token, v1::SUBJECT_USER, "web1").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("for a host")));
  EXPECT_THAT(Enrol(token, v1::SUBJECT_HOST, "web2").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("\"web1\" alone")));
  EXPECT_THAT(Enrol(token, v1::SUBJECT_UNSPECIFIED, "web1").status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Enrol(token, v1::SUBJECT_HOST, "../etc").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cannot name a host")));
  ASSERT_OK(Enrol(token, v1::SUBJECT_HOST, "web1").status());
  EXPECT_THAT(Enrol(token, v1::SUBJECT_HOST, "web1").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("spent")));
  const std::string late = Token(v1::SUBJECT_HOST, "");
  clock_.Advance(absl::Hours(2));
  EXPECT_THAT(Enrol(late, v1::SUBJECT_HOST, "web3").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("expired")));
  EXPECT_THAT(AuditLog(),
              AllOf(Contains(HasSubstr("enrol: host web1")),
                    Contains(AllOf(HasSubstr("denied"), HasSubstr("web2"))),
                    Contains(AllOf(HasSubstr("denied"), HasSubstr("spent")))));
}

TEST_F(AccessTest, AHostsNameBelongsToOneKeyUntilItIsRevoked) {
  EnrolledHost("web1");
  const std::string token = Token(v1::SUBJECT_HOST, "web1");
  EXPECT_THAT(Enrol(token, v1::SUBJECT_HOST, "web1").status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("fettle revoke --host web1")));
  ASSERT_OK(Revoke("web1", ""));
  EXPECT_OK(Enrol(token, v1::SUBJECT_HOST, "web1").status());
}

TEST_F(AccessTest, WithoutACertificateOfThisAuthorityNobodyConnects) {
  Credential none;
  none.ca = admin().ca;
  EXPECT_THAT(ListHosts(none), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK_AND_ASSIGN(const auto foreign,
                       pki::CertificateAuthority::Create("Other", absl::Hours(1), clock_.Now()));
  EXPECT_THAT(
      ListHosts(Issued(foreign, {pki::Role::kUser, "admin"}, clock_.Now(), absl::Minutes(30))),
      StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK_AND_ASSIGN(const auto authority, Authority());
  EXPECT_THAT(ListHosts(Issued(authority,
                               {pki::Role::kUser, "admin"},
                               clock_.Now() - absl::Minutes(4),
                               absl::Minutes(1))),
              StatusIs(absl::StatusCode::kUnavailable));  // Expired three minutes ago.
  EXPECT_OK(
      ListHosts(Issued(authority, {pki::Role::kUser, "admin"}, clock_.Now(), absl::Minutes(30))));
}

TEST_F(AccessTest, ACertificateThatExpiresUnderAnOpenConnectionIsRefused) {
  ASSERT_OK_AND_ASSIGN(const auto authority, Authority());
  const auto fleet = v1::Fleet::NewStub(
      Connect(Issued(authority, {pki::Role::kUser, "admin"}, clock_.Now(), absl::Minutes(30))));
  const auto list = [&] {
    Call call;
    v1::ListHostsResponse response;
    return Of(fleet->ListHosts(&call, {}, &response));
  };
  EXPECT_OK(list());
  clock_.Advance(absl::Minutes(31));
  EXPECT_THAT(list(), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("expired")));
}

TEST_F(AccessTest, ARevokedUserIsRefusedOnOldAndNewConnections) {
  const Credential ann = EnrolledUser("ann", "admin");
  const auto open = FleetOf(ann);
  const auto list = [&] {
    Call call;
    v1::ListHostsResponse response;
    return Of(open->ListHosts(&call, {}, &response));
  };
  ASSERT_OK(list());
  ASSERT_OK(Revoke("", "ann"));
  EXPECT_THAT(list(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("revoked")));
  EXPECT_THAT(ListHosts(ann), StatusIs(absl::StatusCode::kUnavailable));  // The handshake fails.
  Restart();
  EXPECT_THAT(ListHosts(ann), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(ListHosts(admin()));
  EXPECT_THAT(AuditLog(),
              AllOf(Contains(HasSubstr("user/admin: revoke: user ann")),
                    Contains(AllOf(HasSubstr("user/ann: denied"), HasSubstr("revoked")))));
}

TEST_F(AccessTest, AViewerLooksAndChangesNothing) {
  const Credential vera = EnrolledUser("vera", "viewer");
  EXPECT_OK(ListHosts(vera));
  const policy::Tree tree = TreeOf("-- one");
  ASSERT_OK(Upload(tree));
  const std::string statement = Statement(tree, "one");
  EXPECT_THAT(Publish(vera, statement, Sign(statement)).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("\"viewer\"")));
  Call call;
  v1::CreateTokenResponse response;
  v1::CreateTokenRequest request;
  request.set_subject(v1::SUBJECT_HOST);
  EXPECT_THAT(Of(FleetOf(vera)->CreateToken(&call, request, &response)),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(AuditLog(), Contains(AllOf(HasSubstr("user/vera: denied"), HasSubstr("Publish"))));
}

TEST_F(AccessTest, AnAuditorSeesTheHostsOfTheirFilterAndEveryQueryIsLogged) {
  EnrolledHost("web1");
  EnrolledHost("db1");
  const Credential vera = EnrolledUser("vera", "auditor", "name == web1");
  const auto fleet = FleetOf(vera);
  {
    Call call;
    v1::ListHostsResponse response;
    ASSERT_OK(Of(fleet->ListHosts(&call, {}, &response)));
    ASSERT_EQ(response.hosts_size(), 1);
    EXPECT_EQ(response.hosts(0).name(), "web1");
  }
  const auto get = [&](const std::string& name) {
    v1::GetHostRequest request;
    request.set_name(name);
    Call call;
    v1::HostDetail detail;
    return Of(fleet->GetHost(&call, request, &detail));
  };
  EXPECT_OK(get("web1"));
  EXPECT_THAT(get("db1"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("may see")));
  {
    v1::HostHistoryRequest request;
    request.set_host("db1");
    Call call;
    v1::HostHistoryResponse response;
    EXPECT_THAT(Of(HistoryOf(vera)->HostHistory(&call, request, &response)),
                StatusIs(absl::StatusCode::kNotFound));
  }
  {
    v1::PackagesRequest request;
    Call call;
    v1::PackagesResponse response;
    ASSERT_OK(Of(HistoryOf(vera)->Packages(&call, request, &response)));
    EXPECT_THAT(response.not_known(), ElementsAre("web1"));
  }
  {
    v1::PackageChangesRequest request;
    request.set_filter("db1");
    Call call;
    v1::PackageChangesResponse response;
    ASSERT_OK(Of(HistoryOf(vera)->PackageChanges(&call, request, &response)));
    EXPECT_EQ(response.changes_size(), 0);
  }
  {
    v1::DriftCountsRequest request;
    request.add_at_us(1);
    request.add_at_us(2);
    Call call;
    v1::DriftCountsResponse response;
    ASSERT_OK(Of(HistoryOf(vera)->DriftCounts(&call, request, &response)));
    EXPECT_EQ(response.counts_size(), 1);
    request.add_at_us(2);
    Call again;
    EXPECT_THAT(Of(HistoryOf(vera)->DriftCounts(&again, request, &response)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("later")));
  }
  {
    Call call;
    v1::ListTokensResponse response;
    EXPECT_THAT(Of(fleet->ListTokens(&call, {}, &response)),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("name == web1")));
  }
  {
    v1::CreateTokenRequest request;
    Call call;
    v1::CreateTokenResponse response;
    EXPECT_THAT(Of(fleet->CreateToken(&call, request, &response)),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
  {
    v1::ListLeavesRequest request;
    Call call;
    v1::ListLeavesResponse response;
    ASSERT_OK(Of(v1::Evidence::NewStub(Connect(vera))->ListLeaves(&call, request, &response)));
    for (const v1::LeafRecord& leaf : response.leaves()) {
      EXPECT_NE(leaf.host(), "db1") << leaf.ShortDebugString();
    }
    EXPECT_GT(response.leaves_size(), 2);
  }
  EXPECT_THAT(AuditLog(),
              AllOf(Contains(HasSubstr("user/vera: query: ListHosts {}")),
                    Contains(HasSubstr("user/vera: query: GetHost {\"name\":\"web1\"}")),
                    Contains(HasSubstr("user/vera: query: HostHistory {\"host\":\"db1\"}")),
                    Contains(HasSubstr("user/vera: query: Packages {}")),
                    Contains(HasSubstr("user/vera: query: PackageChanges {\"filter\":\"db1\"}")),
                    Contains(HasSubstr("user/vera: query: DriftCounts")),
                    Contains(HasSubstr("user/vera: query: ListLeaves"))));
}

TEST_F(AccessTest, AFilterThatIsNoneAndOneForAnAdminAreRefused) {
  const auto make = [&](const std::string& role, const std::string& filter) {
    v1::CreateTokenRequest request;
    request.set_subject(v1::SUBJECT_USER);
    request.set_name("vera");
    request.set_role(role);
    request.set_filter(filter);
    Call call;
    v1::CreateTokenResponse response;
    return Of(FleetOf(admin())->CreateToken(&call, request, &response));
  };
  EXPECT_THAT(make("auditor", "name =="), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make("admin", "name == web1"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(make("viewer", "name == web1"));
}

TEST_F(AccessTest, AHostHasTheAgentsServiceAloneAndPeopleDoNot) {
  const Credential web1 = EnrolledHost("web1");
  EXPECT_THAT(ListHosts(web1),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("host/web1")));
  TestSession session(Connect(admin()), "machine-admin");
  session.Hello();
  EXPECT_THAT(session.Ended(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("for hosts")));
}

TEST_F(AccessTest, ARevisionIsTakenOnlyWithATrustedSignature) {
  const policy::Tree tree = TreeOf("-- one");
  ASSERT_OK(Upload(tree));
  const std::string statement = Statement(tree, "one");
  EXPECT_THAT(Publish(admin(), statement, "").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not signed")));
  EXPECT_THAT(Publish(admin(), statement, Sign(statement, "stranger")).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("SHA256:")));
  EXPECT_THAT(Publish(admin(), statement, Sign(statement + "x")).status(),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Publish(admin(), "no statement", Sign("no statement")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const auto first, Publish(admin(), statement, Sign(statement)));
  EXPECT_EQ(first.revision().name(), "r1");
  EXPECT_THAT(first.revision().signed_by(), HasSubstr("trusted"));
  ASSERT_OK_AND_ASSIGN(const auto again, Publish(admin(), statement, Sign(statement)));
  EXPECT_EQ(again.revision().name(), "r1");
}

TEST_F(AccessTest, ARevisionIsTakenOnlyWhole) {
  const policy::Tree tree = TreeOf("-- one");
  const std::string statement = Statement(tree, "one");
  EXPECT_THAT(Publish(admin(), statement, Sign(statement)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not uploaded")));
  v1::BlobChunk chunk;
  chunk.set_digest(std::string(Sha256("something").Raw()));
  chunk.set_data("something else");
  chunk.set_last(true);
  Call call;
  v1::UploadBlobsResponse response;
  const auto stub = PolicyOf(admin());
  const auto writer = stub->UploadBlobs(&call, &response);
  writer->Write(chunk);
  writer->WritesDone();
  EXPECT_THAT(Of(writer->Finish()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has the digest")));
}

TEST_F(AccessTest, AHostFetchesTheBlobsOfItsRevisionAndNoOthers) {
  const v1::Revision mine = ServerWorld::Publish("-- mine", "production");
  const v1::Revision other = ServerWorld::Publish("-- other");
  const auto gateway = v1::AgentGateway::NewStub(Connect(EnrolledHost("web1")));
  const auto fetch = [&](const std::string& digest) -> absl::StatusOr<std::string> {
    v1::FetchBlobsRequest request;
    request.add_digests(digest);
    Call call;
    const auto reader = gateway->FetchBlobs(&call, request);
    std::string data;
    v1::BlobChunk chunk;
    while (reader->Read(&chunk)) {
      data += chunk.data();
    }
    RETURN_IF_ERROR(Of(reader->Finish()));
    return data;
  };
  EXPECT_THAT(fetch(mine.tree()), IsOkAndHolds(HasSubstr("fleet.lua")));
  EXPECT_THAT(fetch(std::string(Sha256("-- mine").Raw())), IsOkAndHolds("-- mine"));
  EXPECT_THAT(fetch(other.tree()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("no revision")));
}

TEST_F(AccessTest, AHostRenewsItsCertificateForANewKey) {
  const Credential web1 = EnrolledHost("web1");
  ASSERT_OK_AND_ASSIGN(const auto key, pki::PrivateKey::Generate());
  v1::RenewRequest request;
  ASSERT_OK_AND_ASSIGN(*request.mutable_certificate_request(),
                       pki::MakeCertificateRequest(key, "anything"));
  Call call;
  v1::RenewResponse response;
  ASSERT_OK(Of(v1::AgentGateway::NewStub(Connect(web1))->Renew(&call, request, &response)));
  ASSERT_OK_AND_ASSIGN(const auto info, pki::ParseCertificate(response.certificate()));
  EXPECT_THAT(info.uri_sans, ::testing::ElementsAre("fettle://host/web1"));
  Credential renewed = web1;
  ASSERT_OK_AND_ASSIGN(renewed.key_pem, key.Pem());
  renewed.certificate = response.certificate();
  TestSession session(Connect(renewed), "machine-web1");
  session.Hello();
  EXPECT_TRUE(session.Next().has_hello_ack());
}

TEST_F(AccessTest, AServerThatWasNeverSetUpSaysSo) {
  server::Config config = config_;
  config.data_dir = config_.data_dir + "/nowhere";
  EXPECT_THAT(server::Server::Start(config, clock_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fettle-server init")));
}

}  // namespace
}  // namespace fettle::testing
