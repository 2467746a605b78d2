// SPDX-License-Identifier: Apache-2.0
// Servers that take a connection and then say nothing of use. The link as a thread of this program.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/link/link.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/private_key.h"
#include "lib/wire/framing.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tls_server.h"

namespace fettle::link {
namespace {

using ::testing::HasSubstr;
using testing::TlsServer;

const std::string kSettings("\0\0\0\4\0\0\0\0\0", 9);  // Without any.

class LinkSilenceTest : public ::testing::Test {
 protected:
  LinkSilenceTest()
      : ca_(*pki::CertificateAuthority::Create("Test CA", absl::Hours(24), absl::Now())) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
  }

  ~LinkSilenceTest() override {
    ::close(ends_[0]);  // Which ends the link.
    thread_.join();
    ::close(ends_[1]);
  }

  std::pair<std::string, std::string> Issue(pki::Role role) const {
    const auto key = pki::PrivateKey::Generate();
    pki::IssueRequest request;
    request.identity = {role, "test"};
    request.public_key_pem = *key->PublicPem();
    request.dns_names = role == pki::Role::kServer ? std::vector<std::string>{"localhost"}
                                                   : std::vector<std::string>{};
    request.validity = absl::Hours(1);
    request.now = absl::Now();
    return {*key->Pem(), *ca_.Issue(request)};
  }

  TlsServer::Options Serving(std::string says) const {
    TlsServer::Options options;
    std::tie(options.private_key, options.certificate) = Issue(pki::Role::kServer);
    options.says = std::move(says);
    return options;
  }

  // Starts the link, which is to connect there.
  void Connect(const TlsServer& server, absl::Duration greet_time) {
    thread_ = std::thread([this, greet_time] { Link(ends_[1], greet_time).Run(); });
    v1::ToLink message;
    v1::Credentials& credentials = *message.mutable_credentials();
    credentials.set_server("localhost:" + std::to_string(server.port()));
    std::tie(*credentials.mutable_private_key(), *credentials.mutable_certificate()) =
        Issue(pki::Role::kHost);
    credentials.set_ca(ca_.certificate_pem());
    ASSERT_OK_AND_ASSIGN(const std::string frame, wire::Frame(message));
    ASSERT_EQ(::write(ends_[0], frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  }

  // The next thing that the link says of its connection.
  v1::LinkStatus Next() {
    constexpr int kPatienceMs = 30'000;
    std::array<char, 4096> buffer{};
    while (true) {
      const auto frame = reader_.Next();
      v1::FromLink message;
      if (frame.ok() && frame->has_value() && message.ParseFromString(**frame)) {
        return message.status();
      }
      pollfd watched{ends_[0], POLLIN, 0};
      const bool came = ::poll(&watched, 1, kPatienceMs) == 1;
      const ssize_t got = came ? ::read(ends_[0], buffer.data(), buffer.size()) : 0;
      if (got <= 0) {
        ADD_FAILURE() << "the link says nothing that can be read";
        return {};
      }
      reader_.Append({buffer.data(), static_cast<std::size_t>(got)});
    }
  }

  pki::CertificateAuthority ca_;
  std::array<int, 2> ends_{-1, -1};
  std::thread thread_;
  wire::FrameReader reader_;
};

TEST_F(LinkSilenceTest, AServerThatSaysNothingAfterTheHandshakeIsGivenUp) {
  const TlsServer server(Serving(""));
  Connect(server, absl::Milliseconds(100));
  const v1::LinkStatus status = Next();
  EXPECT_FALSE(status.connected());
  EXPECT_THAT(status.error(), HasSubstr("did not answer for 100ms; trying again in"));
}

TEST_F(LinkSilenceTest, AServerThatDoesNotAnswerHelloIsGivenUp) {
  const TlsServer server(Serving(kSettings));
  Connect(server, absl::Milliseconds(500));
  EXPECT_TRUE(Next().connected());
  EXPECT_THAT(Next().error(), HasSubstr("did not answer for 500ms"));
}

TEST_F(LinkSilenceTest, WhoHangsUpWithoutAWordIsNeverCalledConnected) {
  TlsServer::Options options = Serving("");
  options.hangs_up = true;
  const TlsServer server(options);
  Connect(server, Link::kGreetTime);
  const v1::LinkStatus status = Next();
  EXPECT_FALSE(status.connected());
  EXPECT_THAT(status.error(), HasSubstr("does not accept this host's certificate"));
}

TEST_F(LinkSilenceTest, WordsThatAreNoTextReachTheEngineAllTheSame) {
  const std::string words = "\xff no";
  // Its HEADERS: status 200, grpc-status 7, and the words; the end of the first call.
  const std::string body = "\x88" +
                           std::string(
                               "\0\x0bgrpc-status\1"
                               "7",
                               15) +
                           std::string("\0\x0cgrpc-message", 14) + static_cast<char>(words.size()) +
                           words;
  const std::string head = {0, 0, static_cast<char>(body.size()), 1, 5, 0, 0, 0, 1};
  const TlsServer server(Serving(kSettings + head + body));
  Connect(server, Link::kGreetTime);
  EXPECT_TRUE(Next().connected());
  EXPECT_THAT(Next().error(), HasSubstr("? no"));
}

}  // namespace
}  // namespace fettle::link
