// SPDX-License-Identifier: Apache-2.0
#include "tests/server/store_fixture.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "absl/synchronization/notification.h"
#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/digest/digest.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {
namespace {

std::filesystem::path MakeFolder() {
  std::string pattern = ::testing::TempDir() + "store-XXXXXX";
  return mkdtemp(pattern.data());
}

}  // namespace

StoreTest::StoreTest() : start_(clock_.Now()), folder_(MakeFolder()) {
  const absl::Status opened = OpenAgain();
  EXPECT_TRUE(opened.ok()) << opened.ToString();
}

StoreTest::~StoreTest() {
  store_.reset();
  crashed_.clear();
  std::filesystem::remove_all(folder_);
}

absl::Status StoreTest::OpenAgain(absl::Duration keep_history, uint64_t checked_at_once) {
  ASSIGN_OR_RETURN(store_, sqlite::OpenStore(Path(), clock_, keep_history, checked_at_once));
  return absl::OkStatus();
}

void StoreTest::Reopen(absl::Duration keep_history) {
  CloseStore();
  ASSERT_OK(OpenAgain(keep_history));
}

void StoreTest::Crash() {
  const std::filesystem::path copy = folder_ / ("after" + std::to_string(crashed_.size()));
  std::filesystem::create_directory(copy);
  for (const char* name : {"fettle.db", "fettle.db-wal"}) {
    if (std::filesystem::exists(folder_ / name)) {
      std::filesystem::copy_file(folder_ / name, copy / name);
    }
  }
  crashed_.push_back(std::move(store_));
  auto opened = sqlite::OpenStore((copy / "fettle.db").string(), clock_);
  ASSERT_OK(opened);
  store_ = *std::move(opened);
}

void RunSql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

std::string StoreTest::Bytes() const {
  const std::ifstream file(Path(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void StoreTest::Overwrite(std::string_view bytes) const {
  std::ofstream(Path(), std::ios::binary | std::ios::trunc) << bytes;
}

void StoreTest::Damage() const {
  std::string bytes = Bytes();
  ASSERT_GT(bytes.size(), 12'288U);
  for (std::size_t page = 4096; page < bytes.size(); page += 4096) {
    bytes.replace(page, 64, std::string(64, '\xA5'));
  }
  Overwrite(bytes);
}

TokenRecord StoreTest::HostToken(std::string_view secret) const {
  TokenRecord token;
  token.id = "token-" + std::string(secret);
  token.secret = Sha256(secret);
  token.expires = clock_.Now() + absl::Hours(1);
  token.channel = "production";
  return token;
}

absl::StatusOr<TokenRecord> StoreTest::Enrol(std::string_view secret,
                                             Subject subject,
                                             const std::string& name,
                                             const std::string& serial) {
  HostRecord host;
  host.name = name;
  host.machine_id = "machine-" + name;
  const auto issue = [&](const TokenRecord&, const std::string& given) {
    CertificateRecord certificate;
    certificate.serial = serial;
    certificate.subject = subject;
    certificate.name = given;
    certificate.key = Sha256(serial);
    certificate.issued = clock_.Now();
    certificate.expires = clock_.Now() + absl::Hours(72);
    return absl::StatusOr<CertificateRecord>(certificate);
  };
  return store_->fleet().Enroll(Sha256(secret), subject, host, issue, clock_.Now());
}

void StoreTest::MakeHost(const std::string& name) {
  ASSERT_OK(store_->fleet().AddToken(HostToken("make " + name)));
  ASSERT_OK(Enrol("make " + name, Subject::kHost, name, "serial of " + name).status());
}

RevisionRecord StoreTest::AddRevision(const std::string& statement) {
  RevisionRecord revision;
  revision.id = Sha256(statement);
  revision.statement = statement;
  revision.published = clock_.Now();
  revision.published_by = "user/ann";
  auto added = store_->policy().AddRevision(revision);
  EXPECT_TRUE(added.ok()) << added.status();
  return added.ok() ? *added : revision;
}

void StoreTest::Enforce(const std::string& host, const std::map<std::string, std::string>& files) {
  policy::Tree tree;
  for (const auto& [path, content] : files) {
    ASSERT_OK(tree.Add(path, content));
    ASSERT_OK(store().policy().PutBlob(Sha256(content), content));
  }
  const std::string manifest = policy::EncodeManifest(policy::ManifestOf(tree));
  ASSERT_OK(store().policy().PutBlob(Sha256(manifest), manifest));
  policy::Revision revision;
  revision.tree = Sha256(manifest);
  revision.author = "ann";
  revision.message = fmt::format("{}, {}", host, ++enforced_);
  revision.created = absl::FromUnixSeconds(1'700'000'000);
  const auto statement = policy::RevisionStatement(revision);
  ASSERT_OK(statement);
  RevisionRecord record;
  record.id = policy::RevisionId(*statement);
  record.statement = *statement;
  ASSERT_OK(store().policy().AddRevision(record));
  auto known = store().fleet().GetHost(host);
  ASSERT_OK(known);
  known->revision_id = record.id;
  known->last_seen = clock_.Now();
  ASSERT_OK(store().fleet().NoteSession(*known));
}

resource::ResourceReport StoreTest::Resource(const std::string& id,
                                             resource::State state,
                                             resource::Cause cause) {
  resource::ResourceReport report;
  report.id = id;
  report.state = state;
  report.cause = cause;
  if (cause != resource::Cause::kNone) {
    report.differences = {{"content", "theirs", "ours", "ours", "", cause}};
  }
  return report;
}

server::Ingest StoreTest::Run(uint64_t sequence,
                              std::vector<resource::ResourceReport> resources) const {
  resource::RunReport run;
  run.id = "run-" + std::to_string(sequence);
  run.revision = "r1";
  run.catalog = Sha256("catalog");
  run.reason = "sweep";
  run.started = At(sequence);
  run.resources = std::move(resources);
  return {sequence, run.started, std::move(run)};
}

server::Ingest StoreTest::SnapshotOf(
    uint64_t sequence, std::vector<std::pair<std::string, resource::State>> states) const {
  Snapshot snapshot;
  snapshot.catalog = Sha256("catalog");
  snapshot.revision = "r1";
  snapshot.taken = At(sequence);
  for (const auto& [id, state] : states) {
    resource::ResourceReport entry = Resource(id, state);
    entry.position = "recipes/" + id + ":1";
    entry.controls = {"CIS 1.1"};
    snapshot.entries.push_back(std::move(entry));
  }
  return {sequence, snapshot.taken, std::move(snapshot)};
}

absl::StatusOr<uint64_t> StoreTest::Ingest(const std::string& host,
                                           const std::string& epoch,
                                           std::vector<server::Ingest> records) {
  absl::Notification done;
  absl::StatusOr<uint64_t> answer;
  SignedReports batch;
  batch.content = epoch + std::to_string(records.size());
  batch.digest = Sha256(batch.content);
  store_->reports().Ingest(
      host, epoch, std::move(records), std::move(batch), [&](absl::StatusOr<uint64_t> stored) {
        answer = std::move(stored);
        done.Notify();
      });
  done.WaitForNotification();
  return answer;
}

void StoreTest::ExpectCountsEqualRows(const std::string& host) {
  ASSERT_OK_AND_ASSIGN(const HostRecord record, store_->fleet().GetHost(host));
  ASSERT_OK_AND_ASSIGN(const auto states, store_->reports().StatesOf(host));
  resource::RunCounts counts;
  std::vector<std::pair<std::string, resource::State>> list;
  for (const StateRecord& state : states) {
    list.emplace_back(state.report.id, state.report.state);
    counts.ok += state.report.state == resource::State::kOk ? 1 : 0;
    counts.unknown += state.report.state == resource::State::kUnknown ? 1 : 0;
    counts.skipped += state.report.state == resource::State::kSkipped ? 1 : 0;
    counts.changed += state.report.state == resource::State::kChanged ? 1 : 0;
    counts.drifted += state.report.state == resource::State::kDrifted ? 1 : 0;
    counts.failed += state.report.state == resource::State::kFailed ? 1 : 0;
    counts.reverted += state.report.state == resource::State::kReverted ? 1 : 0;
    counts.blocked += state.report.state == resource::State::kBlocked ? 1 : 0;
  }
  EXPECT_EQ(record.counts, counts);
  if (!list.empty()) {
    EXPECT_EQ(record.states, resource::StateDigest(list));
  }
  ASSERT_OK_AND_ASSIGN(const auto open, store_->reports().Drift(absl::InfiniteFuture(), 1000));
  std::size_t of_host = 0;
  for (const DriftEntry& entry : open) {
    of_host += entry.host == host ? 1 : 0;
  }
  EXPECT_EQ(record.open_drift, of_host);
}

}  // namespace fettle::server
