// SPDX-License-Identifier: Apache-2.0
#include "tests/server/server_world.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/digest/digest.h"
#include "lib/evidence/statement.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/enrol_token.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"
#include "lib/resource/report.h"
#include "server/ca/data_dir.h"
#include "server/store/sqlite/store.h"
#include "tests/support/status_matchers.h"

namespace fettle::testing {
namespace {

constexpr std::chrono::seconds kPatience(30);

std::string ReadFile(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// ssh-keygen's exit code.
int Keygen(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"ssh-keygen", "-q"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, "ssh-keygen", &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  return error == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                            : 127;
}

std::shared_ptr<grpc::Channel> Dial(int port, const grpc::SslCredentialsOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // A connection of its own.
  arguments.SetInt("grpc.enable_retries", 0);
  return grpc::CreateCustomChannel(
      fmt::format("localhost:{}", port), grpc::SslCredentials(options), arguments);
}

}  // namespace

absl::Status Of(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

Call::Call() {
  set_deadline(std::chrono::system_clock::now() + kPatience);
}

ServerWorld::ServerWorld() {
  std::string pattern = ::testing::TempDir() + "server-XXXXXX";
  folder_ = mkdtemp(pattern.data());
  config_.data_dir = Path("data");
  config_.listen = "127.0.0.1:0";
  config_.enroll_listen = "127.0.0.1:0";
  config_.http_listen = "127.0.0.1:0";
  config_.names = {"localhost", "127.0.0.1"};
  clock_.SetWallClock(absl::Now());
}

ServerWorld::~ServerWorld() {
  server_.reset();
  crashed_.clear();
  std::filesystem::remove_all(folder_);
}

void ServerWorld::SetUp() {
  ASSERT_OK_AND_ASSIGN(init_, server::InitServer(config_, "admin", clock_));
  MakeSigningKey("trusted");
  std::ofstream(config_.TrustedKeysPath()) << ReadFile(Path("trusted.pub"));
  Start();
  ASSERT_OK_AND_ASSIGN(admin_, Enrol(init_.admin_token, v1::SUBJECT_USER, "admin"));
}

void ServerWorld::Start() {
  ASSERT_OK_AND_ASSIGN(server_, server::Server::Start(config_, clock_));
}

void ServerWorld::Restart() {
  server_.reset();
  Start();
}

void ServerWorld::Crash() {
  const std::string copy = Path("after" + std::to_string(++crashes_));
  std::filesystem::copy(
      config_.data_dir,
      copy,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  std::filesystem::remove(copy + "/fettle.db-shm");
  crashed_.push_back(std::move(server_));
  config_.data_dir = copy;
  Start();
}

std::vector<std::string> ServerWorld::AuditLog() {
  server_.reset();
  std::vector<std::string> lines;
  const auto store = server::sqlite::OpenStore(config_.DatabasePath(), clock_);
  EXPECT_TRUE(store.ok()) << store.status();
  const auto log = (*store)->reports().AuditLog(absl::InfinitePast(), 1000);
  EXPECT_TRUE(log.ok()) << log.status();
  for (const server::AuditEntry& entry : *log) {
    lines.push_back(fmt::format("{}: {}: {}", entry.who, entry.act, entry.detail));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

absl::StatusOr<Credential> ServerWorld::Enrol(const std::string& token,
                                              v1::Subject subject,
                                              const std::string& name) {
  ASSIGN_OR_RETURN(const pki::EnrolToken parsed, pki::EnrolToken::Parse(token));
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::Generate());
  v1::EnrollRequest request;
  request.set_subject(subject);
  request.set_name(name);
  request.set_token_secret(parsed.secret);
  ASSIGN_OR_RETURN(*request.mutable_certificate_request(), pki::MakeCertificateRequest(key, name));
  request.set_machine_id("machine-" + name);
  const server::DataDir data(config_.data_dir);
  ASSIGN_OR_RETURN(const std::string ca, data.Read(data.CaCertificate()));
  Call call;
  v1::EnrollResponse response;
  RETURN_IF_ERROR(
      Of(v1::Enrollment::NewStub(ConnectToEnrol(ca))->Enroll(&call, request, &response)));
  Credential credential;
  ASSIGN_OR_RETURN(credential.key_pem, key.Pem());
  credential.certificate = response.certificate();
  credential.ca = response.ca();
  return credential;
}

std::string ServerWorld::Token(v1::Subject subject,
                               const std::string& name,
                               const std::string& role,
                               const std::string& filter) {
  v1::CreateTokenRequest request;
  request.set_subject(subject);
  request.set_name(name);
  request.set_role(role);
  request.set_filter(filter);
  Call call;
  v1::CreateTokenResponse response;
  EXPECT_OK(Of(FleetOf(admin_)->CreateToken(&call, request, &response)));
  return response.token();
}

Credential ServerWorld::EnrolledHost(const std::string& name) {
  auto credential = Enrol(Token(v1::SUBJECT_HOST, name), v1::SUBJECT_HOST, name);
  EXPECT_TRUE(credential.ok()) << credential.status();
  return credential.ok() ? *credential : Credential();
}

Credential ServerWorld::EnrolledUser(const std::string& name,
                                     const std::string& role,
                                     const std::string& filter) {
  auto credential = Enrol(Token(v1::SUBJECT_USER, name, role, filter), v1::SUBJECT_USER, name);
  EXPECT_TRUE(credential.ok()) << credential.status();
  return credential.ok() ? *credential : Credential();
}

absl::StatusOr<pki::CertificateAuthority> ServerWorld::Authority() const {
  return server::DataDir(config_.data_dir).LoadAuthority();
}

Credential ServerWorld::Issued(const pki::CertificateAuthority& authority,
                               const pki::Identity& identity,
                               absl::Time from,
                               absl::Duration validity) const {
  Credential credential;
  credential.ca = admin_.ca;
  const auto key = pki::PrivateKey::Generate();
  EXPECT_TRUE(key.ok());
  credential.key_pem = key->Pem().value_or("");
  pki::IssueRequest request;
  request.identity = identity;
  request.public_key_pem = key->PublicPem().value_or("");
  request.common_name = identity.name;
  request.validity = validity;
  request.now = from;
  const auto pem = authority.Issue(request);
  EXPECT_TRUE(pem.ok()) << pem.status();
  credential.certificate = pem.value_or("");
  return credential;
}

std::shared_ptr<grpc::Channel> ServerWorld::Connect(const Credential& credential) const {
  return Dial(server_->ports().agents, {credential.ca, credential.key_pem, credential.certificate});
}

std::shared_ptr<grpc::Channel> ServerWorld::ConnectToEnrol(const std::string& ca) const {
  return Dial(server_->ports().enrol, {ca, "", ""});
}

policy::Tree ServerWorld::TreeOf(const std::string& content) {
  policy::Tree tree;
  EXPECT_OK(tree.Add("fleet.lua", content));
  return tree;
}

absl::Status ServerWorld::Upload(const policy::Tree& tree) {
  Call call;
  v1::UploadBlobsResponse response;
  const auto stub = PolicyOf(admin_);
  const auto writer = stub->UploadBlobs(&call, &response);
  const auto send = [&](const std::string& data) {
    v1::BlobChunk chunk;
    chunk.set_digest(std::string(Sha256(data).Raw()));
    chunk.set_data(data.substr(0, data.size() / 2));  // In two, to have chunks.
    writer->Write(chunk);
    chunk.set_data(data.substr(data.size() / 2));
    chunk.set_last(true);
    writer->Write(chunk);
  };
  send(policy::EncodeManifest(policy::ManifestOf(tree)));
  for (const auto& [path, file] : tree.files()) {
    send(file.content);
  }
  writer->WritesDone();
  return Of(writer->Finish());
}

std::string ServerWorld::Statement(const policy::Tree& tree, const std::string& message) const {
  policy::Revision revision;
  revision.tree = policy::TreeDigest(tree);
  revision.author = "Ann <ann@example.org>";
  revision.message = message;
  revision.created = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now()));
  return policy::RevisionStatement(revision).value_or("");
}

void ServerWorld::MakeSigningKey(const std::string& name) const {
  ASSERT_EQ(Keygen({"-t", "ed25519", "-N", "", "-C", name, "-f", Path(name)}), 0);
}

std::string ServerWorld::Sign(const std::string& text, const std::string& key) {
  if (!std::filesystem::exists(Path(key))) {
    MakeSigningKey(key);
  }
  std::filesystem::remove(Path("statement.sig"));
  std::ofstream(Path("statement")) << text;
  EXPECT_EQ(Keygen({"-Y", "sign", "-n", "fettle-revision", "-f", Path(key), Path("statement")}), 0);
  return ReadFile(Path("statement.sig"));
}

v1::Revision ServerWorld::Publish(const std::string& content, const std::string& channel) {
  const policy::Tree tree = TreeOf(content);
  EXPECT_OK(Upload(tree));
  v1::PublishRequest request;
  request.set_statement(Statement(tree, content));
  request.set_signature(Sign(request.statement()));
  request.set_channel(channel);
  Call call;
  v1::PublishResponse response;
  EXPECT_OK(Of(PolicyOf(admin_)->Publish(&call, request, &response)));
  return response.revision();
}

absl::Status ServerWorld::SetChannel(const std::string& channel, const std::string& revision) {
  v1::SetChannelRequest request;
  request.set_channel(channel);
  request.set_revision(revision);
  Call call;
  v1::SetChannelResponse response;
  return Of(PolicyOf(admin_)->SetChannel(&call, request, &response));
}

TestSession::TestSession(const std::shared_ptr<grpc::Channel>& channel, std::string machine_id)
    : machine_id_(std::move(machine_id)),
      key_(*pki::SigningKey::Generate()),
      stub_(v1::AgentGateway::NewStub(channel)) {
  context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  stream_ = stub_->Session(&context_);
}

TestSession::~TestSession() {
  context_.TryCancel();
  Ended().IgnoreError();  // The test has asked, if it wanted to know.
}

void TestSession::Hello(const std::string& epoch, uint64_t next_sequence) {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_agent_version("0.1.0");
  hello.set_epoch(epoch);
  hello.set_next_sequence(next_sequence);
  hello.set_machine_id(machine_id_);
  hello.set_protocol(1);
  stream_->Write(message);
}

void TestSession::Heartbeat(const std::string& states,
                            const std::string& catalog,
                            uint64_t unacknowledged) {
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_states(states);
  message.mutable_heartbeat()->set_catalog(catalog);
  message.mutable_heartbeat()->set_unacknowledged(unacknowledged);
  stream_->Write(message);
}

void TestSession::Report(const std::string& epoch, std::vector<v1::Report> reports) {
  v1::ReportList list;
  evidence::ReportsStatement statement{host_, epoch, 0, 0, {}};
  for (v1::Report& report : reports) {
    statement.last = std::max(statement.last, report.sequence());
    *list.add_reports() = std::move(report);
  }
  v1::AgentMessage message;
  v1::ReportBatch& batch = *message.mutable_reports();
  batch.set_epoch(epoch);
  batch.set_reports(list.SerializeAsString());
  statement.digest = Sha256(batch.reports());
  batch.set_key(*key_.RawPublic());
  batch.set_signature(*evidence::SignReports(statement, key_));
  stream_->Write(message);
}

v1::ServerMessage TestSession::Next() {
  v1::ServerMessage message;
  stream_->Read(&message);
  return message;
}

absl::Status TestSession::Ended() {
  v1::ServerMessage message;
  while (stream_ != nullptr && stream_->Read(&message)) {
  }
  if (stream_ == nullptr) {
    return absl::OkStatus();
  }
  const absl::Status status = Of(stream_->Finish());
  stream_.reset();
  return status;
}

v1::Report RunReportOf(uint64_t sequence, const std::string& resource, v1::State state) {
  v1::Report report;
  report.set_sequence(sequence);
  report.set_recorded_us(1'795'000'000'000'000);
  v1::RunReport& run = *report.mutable_run();
  run.set_id(fmt::format("run-{}", sequence));
  run.set_reason("sweep");
  run.set_enforce(true);
  run.set_started_us(report.recorded_us());
  run.set_catalog(std::string(Sha256("catalog").Raw()));
  run.set_states(std::string(
      resource::StateDigest({{resource, static_cast<resource::State>(static_cast<int>(state) - 1)}})
          .Raw()));
  v1::ResourceReport& entry = *run.add_resources();
  entry.set_id(resource);
  entry.set_state(state);
  return report;
}

}  // namespace fettle::testing
