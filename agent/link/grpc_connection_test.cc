// SPDX-License-Identifier: Apache-2.0
// What a server may say, and what must come of it. A well-behaved one is in link_program_test.cc.
#include "agent/link/grpc_connection.h"

#include <poll.h>

#include <optional>
#include <string>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/agent.pb.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/private_key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tls_server.h"

namespace fettle::link {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;
using testing::TlsServer;

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kGoAway = 7;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;
const std::string kOk = "\x88";        // :status 200, in HPACK.
const std::string kNotFound = "\x8d";  // :status 404.

std::string Big(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xffU);
  }
  return bytes;
}

// RFC 9113, 4.1.
std::string Frame(char type, char flags, uint32_t stream, const std::string& payload) {
  return Big(static_cast<uint32_t>(payload.size())).substr(1) + type + flags + Big(stream) +
         payload;
}

// A header of a name and value, in HPACK without any table.
std::string Literal(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

std::string Body(const std::string& bytes) {
  return Frame(kSettings, 0, 0, "") + Frame(kHeaders, kEndHeaders, 1, kOk) +
         Frame(kData, 0, 1, bytes);
}

std::string Trailers(const std::string& headers) {
  return Frame(kHeaders, kEndHeaders | kEndStream, 1, headers);
}

class GrpcConnectionTest : public ::testing::Test {
 protected:
  GrpcConnectionTest()
      : ca_(*pki::CertificateAuthority::Create("Test CA", absl::Hours(24), absl::Now())) {}

  TlsServer::Options Serving(std::string says) const {
    const auto key = pki::PrivateKey::Generate();
    pki::IssueRequest request;
    request.identity = {pki::Role::kServer, "test"};
    request.public_key_pem = *key->PublicPem();
    request.dns_names = {"localhost"};
    request.validity = absl::Hours(1);
    request.now = absl::Now();
    TlsServer::Options options;
    options.certificate = *ca_.Issue(request);
    options.private_key = *key->Pem();
    options.says = std::move(says);
    return options;
  }

  absl::StatusOr<pki::TlsConnection> Dial(const TlsServer& server,
                                          const std::string& host = "localhost",
                                          absl::Duration patience = absl::Seconds(30)) const {
    return pki::TlsConnection::Dial(host + ":" + std::to_string(server.port()),
                                    {ca_.certificate_pem(), "", ""},
                                    Deadline::After(patience));
  }

  // How the first call ends that is made of a server that says this.
  absl::Status Ask(TlsServer::Options options) {
    const TlsServer server(std::move(options));
    auto tls = Dial(server);
    if (!tls.ok()) {
      return tls.status();
    }
    GrpcConnection connection(*std::move(tls), "localhost");
    const int32_t call = connection.Start("/test/Test");
    connection.Send(call, v1::Heartbeat());
    return EndOf(call, connection);
  }

  absl::Status EndOf(int32_t call, GrpcConnection& connection) {
    constexpr int kPatienceMs = 30'000;
    while (true) {
      pollfd watched{connection.fd(), POLLIN, 0};
      if (!connection.lost() && ::poll(&watched, 1, kPatienceMs) != 1) {
        return absl::DeadlineExceededError("nothing came");
      }
      std::vector<CallEvent> events;
      const absl::Status alive = connection.Process(&events);
      for (CallEvent& event : events) {
        EXPECT_EQ(event.call, call);
        if (!event.message.has_value()) {
          return event.ended;
        }
        messages_.push_back(*event.message);
      }
      if (!alive.ok()) {
        return absl::InternalError("the connection was lost without the end of the call");
      }
    }
  }

  pki::CertificateAuthority ca_;
  std::vector<std::string> messages_;
};

TEST_F(GrpcConnectionTest, TakesMessagesThatComeInPieces) {
  const std::string message = std::string(1, '\0') + Big(3) + "abc";
  EXPECT_OK(Ask(Serving(Body(message + message.substr(0, 6)) + Frame(kData, 0, 1, "bc") +
                        Trailers(Literal("grpc-status", "0")))));
  EXPECT_THAT(messages_, ::testing::ElementsAre("abc", "abc"));
}

TEST_F(GrpcConnectionTest, PassesTheServersWordsOn) {
  EXPECT_THAT(Ask(Serving(Frame(kSettings, 0, 0, "") +
                          Trailers(kOk + Literal("grpc-status", "7") +
                                   Literal("grpc-message", "not%20you%3A %C3%A4%zz%")))),
              StatusIs(absl::StatusCode::kPermissionDenied, "not you: \u00e4%zz%"));
}

TEST_F(GrpcConnectionTest, WhatIsNoHttp2EndsEveryCall) {
  EXPECT_THAT(Ask(Serving("220 mail.example.com ESMTP, glad to meet you, what can I do\r\n")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("HTTP/2")));
}

TEST_F(GrpcConnectionTest, AHangUpEndsEveryCall) {
  TlsServer::Options options = Serving("");
  options.hangs_up = true;
  EXPECT_EQ(Ask(options).code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcConnectionTest, AMessageThatIsTooLongIsNotTaken) {
  EXPECT_THAT(Ask(Serving(Body(std::string(1, '\0') + Big(0xffffffff) + "x"))),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("4294967295 bytes")));
}

TEST_F(GrpcConnectionTest, ACompressedMessageIsNotTaken) {
  EXPECT_THAT(Ask(Serving(Body("\x01" + Big(1) + "x"))),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("compressed")));
}

TEST_F(GrpcConnectionTest, AMessageThatStopsInTheMiddleIsAnError) {
  EXPECT_THAT(Ask(Serving(Body(std::string(1, '\0') + Big(10) + "x") +
                          Trailers(Literal("grpc-status", "0")))),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("middle of a message")));
}

TEST_F(GrpcConnectionTest, AnEndWithoutAStatusIsAnError) {
  EXPECT_THAT(Ask(Serving(Frame(kSettings, 0, 0, "") + Trailers(kOk))),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("without a status")));
  EXPECT_THAT(Ask(Serving(Frame(kSettings, 0, 0, "") + Trailers(kNotFound))),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("HTTP status 404")));
  EXPECT_THAT(
      Ask(Serving(Frame(kSettings, 0, 0, "") + Trailers(kOk + Literal("grpc-status", "rubbish")))),
      StatusIs(absl::StatusCode::kUnknown, ""));
}

TEST_F(GrpcConnectionTest, AResetAndAGoodbyeSayWhy) {
  constexpr uint32_t kInternalError = 2;
  constexpr uint32_t kEnhanceYourCalm = 11;
  EXPECT_THAT(Ask(Serving(Frame(kSettings, 0, 0, "") + Frame(kReset, 0, 1, Big(kInternalError)))),
              StatusIs(absl::StatusCode::kUnavailable, "INTERNAL_ERROR"));
  EXPECT_THAT(Ask(Serving(Frame(kSettings, 0, 0, "") +
                          Frame(kGoAway, 0, 0, Big(0) + Big(kEnhanceYourCalm) + "too_many_pings"))),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("too_many_pings")));
}

TEST_F(GrpcConnectionTest, WhatTheServerSaidLastIsHeardAlsoWhenItTakesNoMore) {
  constexpr int kTries = 10'000;
  constexpr int kUpToTheCall = 70;  // HTTP/2's beginning has 58 bytes.
  TlsServer::Options options =
      Serving(Frame(kSettings, 0, 0, "") +
              Trailers(kOk + Literal("grpc-status", "7") + Literal("grpc-message", "revoked")));
  options.hangs_up = true;
  options.hears = kUpToTheCall;
  const TlsServer server(options);
  auto tls = Dial(server);
  ASSERT_OK(tls.status());
  GrpcConnection connection(*std::move(tls), "localhost");
  const int32_t call = connection.Start("/test/Test");
  for (int i = 0; i < kTries && !connection.has_news(); ++i) {
    connection.Send(call, v1::Heartbeat());
    ::poll(nullptr, 0, 1);  // Until the other machine has told ours that it hung up.
  }
  ASSERT_TRUE(connection.has_news());
  EXPECT_FALSE(connection.lost());
  EXPECT_THAT(EndOf(call, connection), StatusIs(absl::StatusCode::kPermissionDenied, "revoked"));
}

TEST_F(GrpcConnectionTest, AServerThatAnswersNoPingIsLost) {
  const TlsServer server(Serving(""));
  auto tls = Dial(server);
  ASSERT_OK(tls.status());
  GrpcConnection connection(*std::move(tls), "localhost");
  const int32_t call = connection.Start("/test/Test");
  connection.Ping();
  EXPECT_FALSE(connection.lost());
  connection.Ping();
  EXPECT_TRUE(connection.lost());
  EXPECT_THAT(EndOf(call, connection),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
}

TEST_F(GrpcConnectionTest, WhatIsAskedOfALostConnectionEnds) {
  TlsServer::Options options = Serving("");
  options.hangs_up = true;
  const TlsServer server(options);
  auto tls = Dial(server);
  ASSERT_OK(tls.status());
  GrpcConnection connection(*std::move(tls), "localhost");
  EXPECT_FALSE(EndOf(connection.Start("/test/Test"), connection).ok());
  EXPECT_FALSE(EndOf(connection.Start("/test/Test"), connection).ok());
}

TEST_F(GrpcConnectionTest, DialsNobodyWhoseCertificateIsNotForThatName) {
  const TlsServer server(Serving(""));
  EXPECT_THAT(Dial(server, "127.0.0.1").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("IP address mismatch")));
}

TEST_F(GrpcConnectionTest, DialsNobodyOfAnotherAuthority) {
  TlsServer::Options options = Serving("");
  ca_ = *pki::CertificateAuthority::Create("Another", absl::Hours(24), absl::Now());
  const TlsServer server(options);
  EXPECT_THAT(Dial(server).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("certificate")));
}

TEST_F(GrpcConnectionTest, DialsNobodyWhoSpeaksSomethingElse) {
  TlsServer::Options plain = Serving("220 mail.example.com ESMTP\r\n");
  plain.speaks_tls = false;
  EXPECT_THAT(Dial(TlsServer(plain)).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is the port right")));
  TlsServer::Options old = Serving("");
  old.offers_http2 = false;
  EXPECT_THAT(Dial(TlsServer(old)).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("HTTP/2")));
}

TEST_F(GrpcConnectionTest, DoesNotWaitForEverForWhoSaysNothing) {
  TlsServer::Options silent = Serving("");
  silent.speaks_tls = false;
  EXPECT_THAT(Dial(TlsServer(silent), "localhost", absl::Milliseconds(100)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("no answer in time")));
}

}  // namespace
}  // namespace fettle::link
