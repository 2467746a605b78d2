// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/store/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

// A store in a temporary folder, and short ways to fill it. The tests know the file only where they
// damage it; everything else they say holds for every store.
namespace fettle::server {

// Runs `sql` on the database file `path`, also while a store has it open.
void RunSql(const std::string& path, const std::string& sql);

class StoreTest : public ::testing::Test {
 protected:
  StoreTest();
  ~StoreTest() override;

  Store& store() { return *store_; }

  std::string Path() const { return (folder_ / "fettle.db").string(); }

  void CloseStore() { store_.reset(); }

  // Opens the file again; the store is then this one.
  absl::Status OpenAgain(absl::Duration keep_history = absl::InfiniteDuration(),
                         uint64_t checked_at_once = UINT64_MAX);
  // Closes and opens.
  void Reopen(absl::Duration keep_history = absl::InfiniteDuration());
  // Goes on with what is on disk at this instant, as after a power loss: the open store never
  // closes its files.
  void Crash();

  std::string Bytes() const;
  void Overwrite(std::string_view bytes) const;
  // Overwrites pages in the middle.
  void Damage() const;

  TokenRecord HostToken(std::string_view secret) const;
  absl::StatusOr<TokenRecord> Enrol(std::string_view secret,
                                    Subject subject,
                                    const std::string& name,
                                    const std::string& serial);
  void MakeHost(const std::string& name);
  RevisionRecord AddRevision(const std::string& statement);
  // Makes a revision of these files that the host, which is heard of now, enforces.
  void Enforce(const std::string& host, const std::map<std::string, std::string>& files);

  // One resource of a run.
  static resource::ResourceReport Resource(const std::string& id,
                                           resource::State state,
                                           resource::Cause cause = resource::Cause::kNone);
  // A full run, started `sequence` minutes after the clock's beginning.
  server::Ingest Run(uint64_t sequence, std::vector<resource::ResourceReport> resources) const;
  server::Ingest SnapshotOf(uint64_t sequence,
                            std::vector<std::pair<std::string, resource::State>> states) const;

  absl::Time At(uint64_t sequence) const { return start_ + absl::Minutes(sequence); }

  // Waits for the answer.
  absl::StatusOr<uint64_t> Ingest(const std::string& host,
                                  const std::string& epoch,
                                  std::vector<server::Ingest> records);

  // Counts and digest of the host equal its rows, and its open drift the list of it.
  void ExpectCountsEqualRows(const std::string& host);

  testing::FakeClock clock_;

 private:
  int enforced_ = 0;
  absl::Time start_;
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Store>> crashed_;  // Never closed before their folder's copy is used.
};

}  // namespace fettle::server
