// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/pinned_ca.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "lib/pki/certificate_authority.h"
#include "lib/pki/openssl.h"
#include "lib/pki/tcp_connect.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

using ContextPtr = std::unique_ptr<SSL_CTX, FreeVoidWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeVoidWith<SSL_free>>;

Deadline Soon() {
  return Deadline::After(absl::Seconds(30));
}

// Listens on a port of its own on 127.0.0.1.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address_), sizeof(address_)), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }

  ~Listener() { close(fd_); }

  std::string Address(const std::string& host = "127.0.0.1") const {
    return fmt::format("{}:{}", host, ntohs(address_.sin_port));
  }

  int Accept() const { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int fd_;
  sockaddr_in address_{};
};

class PinnedCaTest : public ::testing::Test {
 protected:
  PinnedCaTest() {
    IssueRequest request;
    request.identity = {.role = Role::kServer, .name = "fettle"};
    request.public_key_pem = *key_.PublicPem();
    request.common_name = "fettle";
    request.validity = absl::Hours(1);
    request.now = now_;
    leaf_pem_ = ca_.Issue(request).value();
    context_.reset(SSL_CTX_new(TLS_server_method()));
    const auto chain = ReadCertificates(leaf_pem_ + ca_.certificate_pem(), "chain").value();
    SSL_CTX_use_certificate(context_.get(), chain[0].get());
    SSL_CTX_add1_chain_cert(context_.get(), chain[1].get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.handle());
    SSL_CTX_set_num_tickets(context_.get(), 0);
  }

  // Answers one connection with TLS, until the other side ends it; then true if the handshake was
  // completed.
  std::future<bool> Serve(const Listener& listener) {
    return std::async(std::launch::async, [this, &listener] {
      sigset_t pipe;  // OpenSSL writes with write(2), also to a client that has what it wanted.
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      const int connection = listener.Accept();
      const SslPtr ssl(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), connection);
      const bool done = SSL_accept(ssl.get()) == 1;
      char byte = 0;
      while (done && SSL_read(ssl.get(), &byte, 1) > 0) {
      }
      close(connection);
      ERR_clear_error();
      return done;
    });
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const CertificateAuthority ca_ =
      CertificateAuthority::Create("Test CA", absl::Hours(24), now_).value();
  const PrivateKey key_ = PrivateKey::Generate().value();
  std::string leaf_pem_;
  ContextPtr context_;
  Listener listener_;
};

TEST_F(PinnedCaTest, ReturnsTheAuthorityThatThePinNames) {
  auto server = Serve(listener_);
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), ca_.info().fingerprint, Soon()),
              IsOkAndHolds(ca_.certificate_pem()));
  EXPECT_TRUE(server.get());
}

TEST_F(PinnedCaTest, LooksUpNames) {
  auto server = Serve(listener_);
  EXPECT_THAT(FetchPinnedCa(listener_.Address("localhost"), ca_.info().fingerprint, Soon()),
              IsOkAndHolds(ca_.certificate_pem()));
  EXPECT_TRUE(server.get());
}

TEST_F(PinnedCaTest, NeedsNoFinishedHandshakeWithAServerThatAsksForACertificate) {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
  auto server = Serve(listener_);
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), ca_.info().fingerprint, Soon()),
              IsOkAndHolds(ca_.certificate_pem()));
  EXPECT_FALSE(server.get());
}

TEST_F(PinnedCaTest, RefusesAServerWhoseAuthorityIsAnotherAndSaysWhatItPresented) {
  ASSERT_OK_AND_ASSIGN(const CertificateAuthority expected,
                       CertificateAuthority::Create("Test CA", absl::Hours(24), now_));
  auto server = Serve(listener_);
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), expected.info().fingerprint, Soon()),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       AllOf(HasSubstr(listener_.Address()),
                             HasSubstr("\"Test CA\" " + ca_.info().fingerprint.Hex()),
                             HasSubstr("pins " + expected.info().fingerprint.Hex()),
                             HasSubstr("someone is in between"))));
  server.wait();
}

TEST_F(PinnedCaTest, RefusesAPinOnACertificateThatIsNoAuthoritys) {
  auto server = Serve(listener_);
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), ParseCertificate(leaf_pem_)->fingerprint, Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("make a new token")));
  server.wait();
}

TEST_F(PinnedCaTest, SaysThatAServerDoesNotSpeakTls) {
  auto server = std::async(std::launch::async, [this] {
    const int connection = listener_.Accept();
    static constexpr char kGreeting[] = "220 mail.example.com ESMTP\r\n";
    static_cast<void>(send(connection, kGreeting, sizeof(kGreeting) - 1, MSG_NOSIGNAL));
    char byte = 0;
    while (recv(connection, &byte, 1, 0) > 0) {
    }
    close(connection);
  });
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), {}, Soon()),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(listener_.Address()), HasSubstr("is the port right?"))));
  server.wait();
}

TEST_F(PinnedCaTest, SaysThatAServerHungUp) {
  auto server = std::async(std::launch::async, [this] { close(listener_.Accept()); });
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), {}, Soon()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(listener_.Address())));
  server.wait();
}

TEST_F(PinnedCaTest, SaysThatNobodyListens) {
  std::string address;
  {
    const Listener gone;
    address = gone.Address();
  }
  EXPECT_THAT(FetchPinnedCa(address, {}, Soon()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Connection refused")));
}

TEST_F(PinnedCaTest, GivesUpAtTheDeadlineWhenTheServerIsSilent) {
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), {}, Deadline::After(absl::Milliseconds(50))),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr(listener_.Address())));
  EXPECT_THAT(FetchPinnedCa(listener_.Address(), {}, Deadline::Expired()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(HostPortTest, ReadsNamesAndAddresses) {
  EXPECT_EQ(HostPort::Parse("web1.example.com:7443")->host, "web1.example.com");
  EXPECT_EQ(HostPort::Parse("web1:65535")->port, "65535");
  EXPECT_EQ(HostPort::Parse("[2001:db8::1]:1")->host, "2001:db8::1");
}

TEST(HostPortTest, RefusesWhatIsNoAddress) {
  for (const char* bad : {"",
                          "web1",
                          ":7443",
                          "web1:",
                          "web1:0",
                          "web1:65536",
                          "web1:https",
                          "2001:db8::1",
                          "2001:db8::1:7443",
                          "[]:1",
                          "[::1]",
                          "https://web1:7443",
                          "web 1:7443"}) {
    EXPECT_THAT(HostPort::Parse(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace fettle::pki
