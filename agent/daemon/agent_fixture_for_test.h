// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/daemon/agent.h"
#include "agent/link/encode.h"
#include "agent/revision/author_for_test.h"
#include "lib/pki/certificate_authority.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::agent {

// A server that remembers what it is told and answers only when the test says so.
class FakeOutlet final : public link::Outlet {
 public:
  void Send(const link::Credentials& sent) override { credentials.push_back(sent); }

  void Send(const link::Hello& sent) override { hellos.push_back(sent); }

  void Send(const link::Heartbeat& sent) override { heartbeats.push_back(sent); }

  void Send(const std::string& epoch,
            uint64_t after,
            std::span<const link::SpooledReport> sent) override {
    afters.push_back(after);
    for (const link::SpooledReport& report : sent) {
      reports.emplace_back(epoch, report);
    }
  }

  void Answer(const std::string& answer) override { answers.push_back(answer); }

  void Fetch(std::span<const Digest> digests) override {
    fetches.emplace_back(digests.begin(), digests.end());
  }

  void Renew(const std::string& request) override { renewals.push_back(request); }

  void Probe(uint64_t id, const link::Credentials& /*credentials*/) override {
    probes.push_back(id);
  }

  std::vector<std::string> Bodies() const {
    std::vector<std::string> bodies;
    for (const auto& [epoch, report] : reports) {
      bodies.push_back(report.body);
    }
    return bodies;
  }

  std::vector<link::Credentials> credentials;
  std::vector<link::Hello> hellos;
  std::vector<link::Heartbeat> heartbeats;
  std::vector<std::pair<std::string, link::SpooledReport>> reports;
  std::vector<uint64_t> afters;  // One a batch.
  std::vector<std::vector<Digest>> fetches;
  std::vector<std::string> renewals;
  std::vector<std::string> answers;
  std::vector<uint64_t> probes;
};

// An agent with a fake server and a converge thread that is the test: jobs lie in `jobs` until it
// answers them. Real files in a temporary folder.
class AgentFixture : public ::testing::Test {
 protected:
  AgentFixture() : ca_(NewAuthority()), files_("/etc/fettle/agent", host_) {
    std::string name = ::testing::TempDir() + "agent-XXXXXX";
    directory_ = mkdtemp(name.data());
    config_.server = "server:7440";
    config_.state_dir = directory_;
    config_.trusted_keys = directory_ + "/trusted_keys";
    config_.sweep = absl::Minutes(30);
    Trust(author_.KeyLine());
    MakeIdentity();
    Open();
  }

  ~AgentFixture() override { std::filesystem::remove_all(directory_); }

  testing::FakeClock& clock() { return host_.clock(); }

  pki::CertificateAuthority NewAuthority() {
    auto ca = pki::CertificateAuthority::Create("CA", absl::Hours(100000), host_.clock().Now());
    EXPECT_OK(ca);
    return *std::move(ca);
  }

  void Trust(const std::string& keys) const { std::ofstream(config_.trusted_keys) << keys; }

  std::string Issue(const pki::PrivateKey& key) {
    pki::IssueRequest request;
    request.identity = {pki::Role::kHost, "web1"};
    request.public_key_pem = *key.PublicPem();
    request.validity = absl::Hours(72);
    request.now = clock().Now();
    return *ca_.Issue(request);
  }

  std::string IssueFor(const std::string& csr) {
    pki::IssueRequest request;
    request.identity = {pki::Role::kHost, "web1"};
    request.csr_pem = csr;
    request.validity = absl::Hours(72);
    request.now = clock().Now();
    return *ca_.Issue(request);
  }

  void MakeIdentity() {
    const auto key = pki::PrivateKey::Generate();
    HostIdentity identity;
    identity.private_key = *key->Pem();
    identity.certificate = Issue(*key);
    identity.ca = ca_.certificate_pem();
    ASSERT_OK(files_.Store(identity));
  }

  // As the process starts.
  void Open() {
    agent_.reset();
    jobs_.clear();
    outlet_ = FakeOutlet();
    reporter_.reset();
    spool_.reset();
    auto spool = report::Spool::Open(directory_ + "/spool", {}, clock());
    ASSERT_OK(spool);
    spool_ = *std::move(spool);
    auto revisions = RevisionStore::Open(directory_, config_.trusted_keys);
    ASSERT_OK(revisions);
    revisions_ = *std::move(revisions);
    renewal_ = std::make_unique<Renewal>(files_, *files_.Load());
    pause_ = std::make_unique<Pause>(directory_ + "/pause");
    reporter_ =
        std::make_unique<Reporter>(directory_ + "/reported", directory_ + "/packages", *spool_);
    agent_ =
        std::make_unique<Agent>(Agent::Parts{config_,
                                             clock(),
                                             *spool_,
                                             *revisions_,
                                             *renewal_,
                                             *pause_,
                                             *reporter_,
                                             {"1.0", "machine"},
                                             [this](Job job) { jobs_.push_back(std::move(job)); },
                                             [] { return 0.5; },
                                             watcher_.get()});
    agent_->Start();
  }

  // A session up to the server's answer.
  void Connect(uint64_t acknowledged = 0) {
    agent_->Attach(&outlet_);
    agent_->OnEvent(link::Connected{});
    agent_->OnEvent(link::HelloAck{clock().Now(), absl::Seconds(60), acknowledged});
  }

  // The server answers the last fetch with all that it asked for.
  void Serve(const MadeRevision& made) {
    ASSERT_FALSE(outlet_.fetches.empty());
    const std::vector<Digest> asked = outlet_.fetches.back();
    for (const Digest& digest : asked) {
      agent_->OnEvent(link::Blob{digest, made.blobs.at(digest)});
    }
    agent_->OnEvent(link::FetchDone{""});
  }

  // Assigns it and serves its manifest and files, up to the job that checks it.
  void AssignAndServe(const MadeRevision& made) {
    agent_->OnEvent(made.assignment);
    Serve(made);
    Serve(made);
  }

  Job TakeJob() {
    EXPECT_FALSE(jobs_.empty());
    if (jobs_.empty()) {
      return {};
    }
    Job job = jobs_.front();
    jobs_.erase(jobs_.begin());
    return job;
  }

  // The check of `job` found nothing wrong.
  void PassCheck(const Job& job) {
    EXPECT_EQ(job.kind, Job::Kind::kCheck);
    Outcome outcome;
    outcome.job = job;
    agent_->OnFinished(outcome);
  }

  // What a run of `job` over two files answers.
  Outcome RanWith(const Job& job, resource::State second) {
    Outcome outcome;
    outcome.job = job;
    resource::RunReport& run = outcome.report;
    run.id = "01RUN" + std::to_string(++runs_);
    run.host = "web1";
    run.revision = job.revision.revision;
    run.reason = job.reason;
    run.catalog = Sha256("catalog of " + job.revision.revision);
    run.started = clock().Now();
    run.counts.ok = 1;
    if (second == resource::State::kOk) {
      run.counts.ok = 2;
    } else {
      run.counts.changed = second == resource::State::kChanged ? 1 : 0;
      run.counts.failed = second == resource::State::kFailed ? 1 : 0;
      run.counts.drifted = second == resource::State::kDrifted ? 1 : 0;
      run.counts.blocked = second == resource::State::kBlocked ? 1 : 0;
      resource::ResourceReport report;
      report.id = "file:/b";
      report.state = second;
      run.resources.push_back(report);
    }
    outcome.entries = {{"file:/a", resource::State::kOk, "fleet.lua:1", {}},
                       {"file:/b", second, "fleet.lua:2", {}}};
    outcome.facts_json = facts_json_;
    return outcome;
  }

  void Finish(const Job& job, resource::State second) { agent_->OnFinished(RanWith(job, second)); }

  // Enforces revision `number` and everything it entails.
  MadeRevision Enforce(int number) {
    MadeRevision made =
        author_.Make(number, {{"fleet.lua", "-- revision " + std::to_string(number) + "\n"}});
    AssignAndServe(made);
    PassCheck(TakeJob());
    Finish(TakeJob(), resource::State::kChanged);
    return made;
  }

  testing::FakeHost host_;
  pki::CertificateAuthority ca_;
  AuthorForTest author_;
  IdentityFiles files_;
  std::string directory_;
  Config config_;
  std::string facts_json_ = "{\"hostname\":\"web1\"}";
  int runs_ = 0;
  FakeOutlet outlet_;
  std::vector<Job> jobs_;
  std::unique_ptr<report::Spool> spool_;
  std::unique_ptr<RevisionStore> revisions_;
  std::unique_ptr<Renewal> renewal_;
  std::unique_ptr<Pause> pause_;
  std::unique_ptr<Reporter> reporter_;
  std::unique_ptr<watch::Watcher> watcher_;  // Null unless the test makes one and opens anew.
  std::unique_ptr<Agent> agent_;
};

}  // namespace fettle::agent
