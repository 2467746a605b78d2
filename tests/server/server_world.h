// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "fettle/v1/agent.grpc.pb.h"
#include "fettle/v1/enrollment.grpc.pb.h"
#include "fettle/v1/fleet.grpc.pb.h"
#include "fettle/v1/history.grpc.pb.h"
#include "fettle/v1/policy.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/private_key.h"
#include "lib/pki/signing_key.h"
#include "lib/policy/tree.h"
#include "server/ca/init.h"
#include "server/server.h"
#include "tests/support/fake_clock.h"

// A real server on loopback, with its own authority in a temporary folder, and the people and hosts
// that talk to it over real mTLS.
namespace fettle::testing {

// gRPC's status as ours.
absl::Status Of(const grpc::Status& status);

// What somebody at the other end holds: a key, and a certificate for it once enrolled.
struct Credential {
  std::string key_pem;
  std::string certificate;
  std::string ca;
};

class ServerWorld : public ::testing::Test {
 protected:
  ServerWorld();
  ~ServerWorld() override;

  void SetUp() override;

  // Stops the server as a crash would: what is on disk at this instant is what the next one finds.
  void Crash();
  void Restart();

  server::Server& server() { return *server_; }

  // --- Enrolment ---
  // With the authority's secret token text; the key is new.
  absl::StatusOr<Credential> Enrol(const std::string& token,
                                   v1::Subject subject,
                                   const std::string& name);
  // A token made by the administrator.
  std::string Token(v1::Subject subject,
                    const std::string& name,
                    const std::string& role = "",
                    const std::string& filter = "");
  Credential EnrolledHost(const std::string& name);
  Credential EnrolledUser(const std::string& name,
                          const std::string& role,
                          const std::string& filter = "");

  // A certificate of this server's authority (or of `authority`), made beside the server.
  Credential Issued(const pki::CertificateAuthority& authority,
                    const pki::Identity& identity,
                    absl::Time from,
                    absl::Duration validity) const;
  absl::StatusOr<pki::CertificateAuthority> Authority() const;

  // --- Connections ---
  // A connection of its own, with this certificate; without one if it has none.
  std::shared_ptr<grpc::Channel> Connect(const Credential& credential) const;
  // To the port that asks for no certificate.
  std::shared_ptr<grpc::Channel> ConnectToEnrol(const std::string& ca) const;

  std::unique_ptr<v1::Policy::Stub> PolicyOf(const Credential& credential) const {
    return v1::Policy::NewStub(Connect(credential));
  }

  std::unique_ptr<v1::Fleet::Stub> FleetOf(const Credential& credential) const {
    return v1::Fleet::NewStub(Connect(credential));
  }

  std::unique_ptr<v1::History::Stub> HistoryOf(const Credential& credential) const {
    return v1::History::NewStub(Connect(credential));
  }

  // --- Revisions ---
  // Uploads the blobs of a tree with one file and publishes it, signed with the trusted key.
  v1::Revision Publish(const std::string& content, const std::string& channel = "");
  absl::Status Upload(const policy::Tree& tree);
  static policy::Tree TreeOf(const std::string& content);
  std::string Statement(const policy::Tree& tree, const std::string& message) const;
  // Signs with the key of this name, made when first named; "trusted" may publish.
  std::string Sign(const std::string& text, const std::string& key = "trusted");
  absl::Status SetChannel(const std::string& channel, const std::string& revision);

  // What the audit log holds, oldest first, as "who: act: detail". The server must be stopped.
  std::vector<std::string> AuditLog();

  const Credential& admin() const { return admin_; }

  FakeClock clock_;  // Set to the machine's time at first: TLS itself asks the machine.
  server::Config config_;

 private:
  void Start();

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void MakeSigningKey(const std::string& name) const;

  std::filesystem::path folder_;
  int crashes_ = 0;
  server::InitResult init_;
  Credential admin_;
  std::unique_ptr<server::Server> server_;
  std::vector<std::unique_ptr<server::Server>> crashed_;
};

// One host's end of a session. Reads wait for the server, for at most the call's deadline.
class TestSession {
 public:
  TestSession(const std::shared_ptr<grpc::Channel>& channel, std::string machine_id);
  ~TestSession();

  // Reports are signed as those of this host (web1 unless said), with a key of this session's own.
  void SignAs(const std::string& host) { host_ = host; }

  // Sends Hello.
  void Hello(const std::string& epoch = "e1", uint64_t next_sequence = 1);
  void Heartbeat(const std::string& states, const std::string& catalog, uint64_t unacknowledged);
  void Report(const std::string& epoch, std::vector<v1::Report> reports);

  void Send(const v1::AgentMessage& message) { stream_->Write(message); }

  // The next message; one without a body when the stream is over.
  v1::ServerMessage Next();
  // How the stream ended; reads what is left.
  absl::Status Ended();

 private:
  std::string machine_id_;
  std::string host_ = "web1";
  const pki::SigningKey key_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::AgentGateway::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ServerMessage>> stream_;
};

// A call's context with a deadline.
class Call : public grpc::ClientContext {
 public:
  Call();
};

// A full run that found the resource in this state.
v1::Report RunReportOf(uint64_t sequence, const std::string& resource, v1::State state);

}  // namespace fettle::testing
