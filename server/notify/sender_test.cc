// SPDX-License-Identifier: Apache-2.0
#include "server/notify/sender.h"

#include <stdlib.h>

#include <fstream>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/background_thread.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/private_key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tls_server.h"

namespace fettle::server::notify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TlsServer;

constexpr char kTaken[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class SenderTest : public ::testing::Test {
 protected:
  SenderTest() : ca_(*pki::CertificateAuthority::Create("Test CA", absl::Hours(24), absl::Now())) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet.
    ::setenv("no_proxy", "*", 1);
    post_.body = "{}";
    post_.timeout = absl::Seconds(60);
    post_.ca_file = folder_.path() + "/ca.pem";
    std::ofstream(post_.ca_file) << ca_.certificate_pem();
  }

  // A receiver whose certificate is for `name`.
  TlsServer::Options Serving(std::string says, const std::string& name = "localhost") const {
    const auto key = pki::PrivateKey::Generate();
    pki::IssueRequest request;
    request.identity = {pki::Role::kServer, "test"};
    request.public_key_pem = *key->PublicPem();
    request.dns_names = {name};
    request.validity = absl::Hours(1);
    request.now = absl::Now();
    TlsServer::Options options;
    options.certificate = *ca_.Issue(request);
    options.private_key = *key->Pem();
    options.says = std::move(says);
    options.offers_http2 = false;
    return options;
  }

  absl::StatusOr<Reply> Send(const TlsServer& server) {
    post_.url = fmt::format("https://localhost:{}/geheim", server.port());
    return CurlSender().Send(post_, cancelled_);
  }

  std::string Refused(const TlsServer& server) {
    const absl::Status status = Send(server).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("geheim")));
    return std::string(Message(status));
  }

  pki::CertificateAuthority ca_;
  testing::TempFolder folder_;
  Post post_;
  std::atomic<bool> cancelled_ = false;
};

TEST_F(SenderTest, AnswersWhatTheReceiverSaid) {
  const auto reply = Send(TlsServer(Serving(kTaken)));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "ok");
  EXPECT_EQ(reply->retry_after, absl::ZeroDuration());
}

TEST_F(SenderTest, AnyStatusIsAnAnswerAndSoIsHowLongToWait) {
  const auto reply = Send(TlsServer(
      Serving("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n")));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(reply->retry_after, absl::Seconds(30));
}

TEST_F(SenderTest, FollowsNoRedirect) {
  const auto reply = Send(TlsServer(
      Serving("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->status, 302);
}

TEST_F(SenderTest, KeepsTheBeginningOfALongAnswer) {
  const std::string body(100'000, 'x');
  const auto reply = Send(TlsServer(
      Serving(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body))));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->body, std::string(4096, 'x'));
}

TEST_F(SenderTest, AnAuthorityThatNobodyNamedIsNotTrusted) {
  post_.ca_file = "";
  const std::string said = Refused(TlsServer(Serving(kTaken)));
  EXPECT_THAT(said, HasSubstr("its certificate is not trusted"));
  EXPECT_THAT(said, HasSubstr("ca_file"));
}

TEST_F(SenderTest, ACertificateForAnotherNameIsNotTrusted) {
  EXPECT_THAT(Refused(TlsServer(Serving(kTaken, "other.example"))),
              HasSubstr("its certificate is not trusted"));
}

TEST_F(SenderTest, AFileWithoutCertificatesIsNamed) {
  std::ofstream(post_.ca_file) << "none";
  EXPECT_THAT(Refused(TlsServer(Serving(kTaken))), HasSubstr(post_.ca_file));
}

TEST_F(SenderTest, AReceiverThatHangsIsLeftWhenItsTimeIsOver) {
  post_.timeout = absl::Milliseconds(200);
  const absl::Status status = Send(TlsServer(Serving(""))).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST_F(SenderTest, WhatIsCancelledEnds) {
  const TlsServer server(Serving(""));
  absl::Status status;
  {
    const BackgroundThread sending([&] { status = Send(server).status(); });
    cancelled_ = true;
  }
  EXPECT_TRUE(absl::IsAborted(status)) << status;
}

TEST_F(SenderTest, WhatIsNotHttpIsAnError) {
  TlsServer::Options mail = Serving("220 mail.example ESMTP\r\n");
  mail.speaks_tls = false;
  mail.hangs_up = true;
  EXPECT_TRUE(absl::IsUnavailable(Send(TlsServer(mail)).status()));
  TlsServer::Options dead = Serving("");
  dead.hangs_up = true;
  EXPECT_TRUE(absl::IsUnavailable(Send(TlsServer(dead)).status()));
}

TEST_F(SenderTest, AnAddressThatIsNoneIsSaidToBe) {
  for (const char* url : {"", "file:///etc/passwd", "https://", "gopher://localhost/"}) {
    post_.url = url;
    const absl::Status status = CurlSender().Send(post_, cancelled_).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << url << ": " << status;
  }
}

}  // namespace
}  // namespace fettle::server::notify
