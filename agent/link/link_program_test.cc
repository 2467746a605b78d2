// SPDX-License-Identifier: Apache-2.0
// The link as it is installed, against a small server in this process: mTLS on loopback.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "agent/link/child.h"
#include "agent/link/encode.h"
#include "agent/link/port.h"
#include "agent/link/report_signer_for_test.h"
#include "fettle/v1/agent.grpc.pb.h"
#include "fettle/v1/enrollment.grpc.pb.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/private_key.h"
#include "lib/wire/report_wire.h"
#include "tests/support/status_matchers.h"

namespace fettle::link {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr char kNobody[] = "nobody";

// Answers Hello, acknowledges reports at once, has blobs, renews whatever it is asked.
class Gateway final : public v1::AgentGateway::Service {
 public:
  grpc::Status Session(
      grpc::ServerContext* /*context*/,
      grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>* stream) override {
    v1::AgentMessage message;
    while (stream->Read(&message)) {
      v1::ServerMessage answer;
      if (message.has_hello()) {
        answer.mutable_hello_ack()->set_heartbeat_seconds(7);
        answer.mutable_hello_ack()->set_acknowledged(message.hello().next_sequence() - 1);
      } else if (message.has_reports()) {
        v1::ReportList list;
        EXPECT_TRUE(list.ParseFromString(message.reports().reports()));
        const auto& reports = list.reports();
        answer.mutable_acknowledgement()->set_epoch(message.reports().epoch());
        answer.mutable_acknowledgement()->set_sequence(reports.rbegin()->sequence());
      } else if (end_on_heartbeat) {
        return {grpc::StatusCode::PERMISSION_DENIED, "certificate revoked"};
      }
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

  grpc::Status FetchBlobs(grpc::ServerContext* /*context*/,
                          const v1::FetchBlobsRequest* request,
                          grpc::ServerWriter<v1::BlobChunk>* writer) override {
    for (const std::string& digest : request->digests()) {
      const auto found = blobs.find(digest);
      if (found == blobs.end()) {
        return {grpc::StatusCode::NOT_FOUND, "no such blob"};
      }
      const std::string& data = found->second;
      constexpr std::size_t kChunk = 256U << 10;
      for (std::size_t at = 0; at == 0 || at < data.size(); at += kChunk) {
        v1::BlobChunk chunk;
        chunk.set_digest(digest);
        chunk.set_data(data.substr(at, kChunk));
        chunk.set_last(at + kChunk >= data.size());
        writer->Write(chunk);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status Renew(grpc::ServerContext* /*context*/,
                     const v1::RenewRequest* request,
                     v1::RenewResponse* response) override {
    response->set_certificate("for " + request->certificate_request());
    return grpc::Status::OK;
  }

  std::map<std::string, std::string> blobs;
  bool end_on_heartbeat = false;
};

class Enroller final : public v1::Enrollment::Service {
 public:
  grpc::Status Enroll(grpc::ServerContext* /*context*/,
                      const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override {
    if (request->token_secret() != "secret") {
      return {grpc::StatusCode::PERMISSION_DENIED, "the token is spent"};
    }
    response->set_name(request->name());
    response->set_certificate("certificate");
    return grpc::Status::OK;
  }
};

class LinkProgramTest : public ::testing::Test {
 protected:
  LinkProgramTest() : ca_(NewAuthority()) {}

  ~LinkProgramTest() override {
    port_.reset();
    link_.reset();
    StopServer();
  }

  static pki::CertificateAuthority NewAuthority() {
    auto ca = pki::CertificateAuthority::Create("Test CA", absl::Hours(24), absl::Now());
    EXPECT_OK(ca);
    return *std::move(ca);
  }

  // Key and certificate of `role`.
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

  // Serves at `port`, any when 0.
  void StartServer(bool ask_for_certificate = true, int port = 0) {
    const auto [key, certificate] = Issue(pki::Role::kServer);
    grpc::SslServerCredentialsOptions options(
        ask_for_certificate ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                            : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_root_certs = ca_.certificate_pem();
    options.pem_key_cert_pairs.push_back({key, certificate + ca_.certificate_pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort(
        "localhost:" + std::to_string(port), grpc::SslServerCredentials(options), &server_port_);
    builder.RegisterService(&gateway_);
    builder.RegisterService(&enroller_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  void StopServer() {
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now());
      server_->Wait();
      server_.reset();
    }
  }

  void StartLink() {
    auto started = LinkChild::Start(FETTLE_AGENT_LINK, kNobody, {"run"});
    ASSERT_OK(started);
    link_ = std::make_unique<LinkChild>(*std::move(started));
    ASSERT_EQ(::fcntl(link_->socket(), F_SETFL, O_NONBLOCK), 0);
    port_ = std::make_unique<Port>(link_->socket(), signer_);
  }

  Credentials Good() const {
    const auto [key, certificate] = Issue(pki::Role::kHost);
    return {"localhost:" + std::to_string(server_port_), key, certificate, ca_.certificate_pem()};
  }

  // Waits for the next event of this kind; others are dropped. Fails when the link ends.
  template <typename Wanted>
  Wanted Await() {
    while (true) {
      while (!events_.empty()) {
        const Event event = events_.front();
        events_.erase(events_.begin());
        if (const auto* const found = std::get_if<Wanted>(&event)) {
          return *found;
        }
      }
      EXPECT_OK(port_->Flush());
      pollfd watched{link_->socket(), POLLIN, 0};
      if (::poll(&watched, 1, 30'000) != 1 || !port_->Read(&events_).ok()) {
        ADD_FAILURE() << "the link did not answer";
        return {};
      }
    }
  }

  void Greet() {
    port_->Send(Good());
    Await<Connected>();
    Hello hello;
    hello.epoch = "01EPOCH";
    hello.next_sequence = 43;
    port_->Send(hello);
  }

  pki::CertificateAuthority ca_;
  Gateway gateway_;
  Enroller enroller_;
  std::unique_ptr<grpc::Server> server_;
  int server_port_ = 0;
  std::unique_ptr<LinkChild> link_;
  const ReportSigner signer_ = NewReportSigner();
  std::unique_ptr<Port> port_;
  std::vector<Event> events_;
};

TEST_F(LinkProgramTest, PassesMessagesBothWays) {
  StartServer();
  StartLink();
  Greet();
  const HelloAck ack = Await<HelloAck>();
  EXPECT_EQ(ack.heartbeat, absl::Seconds(7));
  EXPECT_EQ(ack.acknowledged, 42U);
  const std::vector<SpooledReport> reports = {{43, absl::Now(), EncodeFacts("{}")}};
  port_->Send("01EPOCH", 42, reports);
  const Acknowledged acknowledged = Await<Acknowledged>();
  EXPECT_EQ(acknowledged.epoch, "01EPOCH");
  EXPECT_EQ(acknowledged.sequence, 43U);
}

TEST_F(LinkProgramTest, FetchesBlobsOfManyChunks) {
  const std::string large(3U << 20, 'x');
  gateway_.blobs[wire::ToProto(Sha256(large))] = large;
  gateway_.blobs[wire::ToProto(Sha256(""))] = "";
  StartServer();
  StartLink();
  Greet();
  const std::vector<Digest> digests = {Sha256(large), Sha256("")};
  port_->Fetch(digests);
  EXPECT_EQ(Await<Blob>().data, large);
  EXPECT_EQ(Await<Blob>().data, "");
  EXPECT_EQ(Await<FetchDone>().error, "");
  const std::vector<Digest> unknown = {Sha256("unknown")};
  port_->Fetch(unknown);
  EXPECT_EQ(Await<FetchDone>().error, "no such blob");
}

TEST_F(LinkProgramTest, AsksForANewCertificate) {
  StartServer();
  StartLink();
  Greet();
  port_->Renew("request");
  EXPECT_EQ(Await<Renewed>().certificate, "for request");
}

TEST_F(LinkProgramTest, ConnectsAgainWhenTheServerComesBack) {
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  StopServer();
  EXPECT_THAT(Await<Disconnected>().reason, HasSubstr("trying again in"));
  StartServer(true, server_port_);
  Await<Connected>();
}

TEST_F(LinkProgramTest, ConnectsAgainWithNewCredentials) {
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  port_->Send(Good());
  EXPECT_THAT(Await<Disconnected>().reason, HasSubstr("other credentials"));
  Await<Connected>();
}

TEST_F(LinkProgramTest, SaysWhyItCannotConnect) {
  StartServer();
  StartLink();
  Credentials nobody_there = Good();
  StopServer();
  port_->Send(nobody_there);
  EXPECT_THAT(Await<Disconnected>().reason, HasSubstr("refused"));
}

TEST_F(LinkProgramTest, TrustsNoServerOfAnotherAuthority) {
  StartServer();
  StartLink();
  Credentials credentials = Good();
  credentials.ca = NewAuthority().certificate_pem();
  port_->Send(credentials);
  EXPECT_THAT(Await<Disconnected>().reason, ContainsRegex("trying again in"));
}

TEST_F(LinkProgramTest, PassesTheServersWordsOnWhenItEndsTheSession) {
  gateway_.end_on_heartbeat = true;
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  port_->Send(Heartbeat{});
  EXPECT_THAT(Await<Disconnected>().reason, HasSubstr("certificate revoked"));
}

TEST_F(LinkProgramTest, ProbesWithANewConnectionBesideTheSession) {
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  port_->Probe(1, Good());
  const Probed good = Await<Probed>();
  EXPECT_EQ(good.id, 1U);
  EXPECT_EQ(good.error, "");
  Credentials stranger = Good();
  stranger.ca = NewAuthority().certificate_pem();
  port_->Probe(2, stranger);
  EXPECT_THAT(Await<Probed>().error, HasSubstr("cannot reach " + stranger.server));
  port_->Send("01EPOCH", 43, std::vector<SpooledReport>{{44, absl::Now(), EncodeFacts("{}")}});
  EXPECT_EQ(Await<Acknowledged>().sequence, 44U) << "the session goes on";
  const Credentials nobody_there = Good();
  StopServer();
  port_->Probe(3, nobody_there);
  const Probed lost = Await<Probed>();
  EXPECT_EQ(lost.id, 3U);
  EXPECT_THAT(lost.error, HasSubstr("refused"));
}

TEST_F(LinkProgramTest, EndsWithTheEngine) {
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  EXPECT_EQ(link_->Finish(), 0);
}

// The lines of /proc/<pid>/status that begin so.
std::string StatusOf(int pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) {
      return line.substr(key.size() + 2);
    }
  }
  return "";
}

TEST_F(LinkProgramTest, HoldsNoPrivilege) {
  StartServer();
  StartLink();
  Greet();
  Await<HelloAck>();
  const int pid = link_->pid();
  EXPECT_EQ(StatusOf(pid, "CapEff"), "0000000000000000");
  EXPECT_EQ(StatusOf(pid, "CapPrm"), "0000000000000000");
  EXPECT_EQ(StatusOf(pid, "NoNewPrivs"), "1");
  EXPECT_EQ(StatusOf(pid, "Seccomp"), "2");
  EXPECT_THAT(StatusOf(pid, "Uid"), ::testing::Not(::testing::StartsWith("0")));
  EXPECT_THAT(StatusOf(pid, "Groups"), ::testing::Not(ContainsRegex("[0-9]")));
}

TEST_F(LinkProgramTest, EnrolsWithAPinnedAuthority) {
  StartServer(false);
  EnrollmentQuestion question;
  question.server = "localhost:" + std::to_string(server_port_);
  question.pin_hex = ca_.info().fingerprint.Hex();
  question.secret = "secret";
  question.name = "web1";
  ASSERT_OK_AND_ASSIGN(const EnrollmentAnswer answer,
                       AskEnrollment(FETTLE_AGENT_LINK, kNobody, question));
  EXPECT_EQ(answer.name, "web1");
  EXPECT_EQ(answer.certificate, "certificate");
  EXPECT_EQ(answer.ca, ca_.certificate_pem());

  question.secret = "spent";
  EXPECT_FALSE(AskEnrollment(FETTLE_AGENT_LINK, kNobody, question).ok());
  question.secret = "secret";
  question.pin_hex = Sha256("another").Hex();
  EXPECT_FALSE(AskEnrollment(FETTLE_AGENT_LINK, kNobody, question).ok());
}

}  // namespace
}  // namespace fettle::link
