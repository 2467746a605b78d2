// SPDX-License-Identifier: Apache-2.0
// What every store promises of installed packages: now and any moment are as they were, every
// change is there with who made it.
#include <map>
#include <random>

#include "server/store/sqlite/database.h"
#include "server/store/sqlite/migrations.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using resource::PackageReport;
using resource::PackageSet;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PackageStoreTest : public StoreTest {
 protected:
  PackageStoreTest() {
    MakeHost("web1");
    clock_.Advance(absl::Hours(24 * 365 * 10));  // Everything below has happened.
  }

  // The whole list, or what made `after` of `before`.
  server::Ingest Whole(uint64_t sequence, const PackageSet& packages) const {
    PackageReport report = resource::PackageChanges({}, packages);
    report.whole = true;
    report.changed = At(sequence);
    return {sequence, At(sequence), report};
  }

  server::Ingest Change(uint64_t sequence,
                        const PackageSet& before,
                        const PackageSet& after,
                        const std::string& run = "",
                        const std::string& transaction = "") const {
    PackageReport report = resource::PackageChanges(before, after);
    report.changed = At(sequence);
    report.run = run;
    if (!transaction.empty()) {
      report.transactions = {transaction};
      for (resource::PackageEntry& entry : report.entries) {
        entry.transaction = 1;
      }
    }
    return {sequence, At(sequence), report};
  }

  PackageSet PackagesAt(absl::Time at, const std::string& host = "web1") {
    const auto list = store().history().Packages({{{host}}, ""}, at);
    EXPECT_TRUE(list.ok()) << list.status();
    PackageSet packages;
    for (const InstalledPackage& one : list.value_or(PackageList()).packages) {
      EXPECT_EQ(one.host, host);
      EXPECT_LE(one.since, at);
      packages[one.name] = one.package;
    }
    return packages;
  }

  // "host name version" of each.
  std::vector<std::string> Found(const PackageWanted& wanted,
                                 absl::Time at = absl::InfiniteFuture()) {
    const auto list = store().history().Packages(wanted, at);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<std::string> found;
    for (const InstalledPackage& one : list.value_or(PackageList()).packages) {
      found.push_back(one.host + " " + one.name + " " + one.package.version);
    }
    return found;
  }

  const PackageSet one_{{"bash", {"5.1", "amd64"}}, {"nano", {"7", "amd64"}}};
  const PackageSet two_{{"bash", {"5.2", "amd64"}}, {"tzdata", {"2024a", "all"}}};
};

TEST_F(PackageStoreTest, AMomentIsAsItWas) {
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, one_)}));
  ASSERT_OK(Ingest("web1", "e1", {Change(5, one_, two_)}));
  EXPECT_EQ(PackagesAt(At(1)), one_);
  EXPECT_EQ(PackagesAt(At(4)), one_);
  EXPECT_EQ(PackagesAt(At(5)), two_);
  EXPECT_EQ(PackagesAt(absl::InfiniteFuture()), two_);
  EXPECT_THAT(PackagesAt(At(0)), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto before, store().history().Packages({{{"web1"}}, ""}, At(0)));
  EXPECT_THAT(before.not_known, ElementsAre("web1"));
  ASSERT_OK_AND_ASSIGN(const auto host, store().fleet().GetHost("web1"));
  EXPECT_EQ(host.packages, resource::PackageDigest(two_));
}

TEST_F(PackageStoreTest, ChangesSayFromToAndWho) {
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, one_)}));
  ASSERT_OK(Ingest("web1", "e1", {Change(5, one_, two_, "01RUN", "apt-get upgrade")}));
  ASSERT_OK_AND_ASSIGN(const auto changes, store().history().PackageChanges({}, {}));
  ASSERT_THAT(changes, SizeIs(3));
  std::map<std::string, PackageChange> by_name;
  for (const PackageChange& change : changes) {
    EXPECT_EQ(change.host, "web1");
    EXPECT_EQ(change.time, At(5));
    EXPECT_EQ(change.run, "01RUN");
    EXPECT_EQ(change.transaction, "apt-get upgrade");
    by_name[change.name] = change;
  }
  EXPECT_EQ(by_name["bash"].from.version, "5.1");
  EXPECT_EQ(by_name["bash"].to.version, "5.2");
  EXPECT_EQ(by_name["nano"].to.version, "");
  EXPECT_EQ(by_name["tzdata"].from.version, "");
  EXPECT_EQ(by_name["tzdata"].to.architecture, "all");
  EXPECT_THAT(store().history().PackageChanges({}, {At(6), At(9), 10}).value(), IsEmpty());
  EXPECT_THAT(store().history().PackageChanges({{}, "ba*"}, {}).value(), SizeIs(1));
  EXPECT_THAT(store().history().PackageChanges({}, {At(0), At(9), 2}).value(), SizeIs(2));
}

TEST_F(PackageStoreTest, OneOfTheFleetIsFoundByNamePatternAndHosts) {
  MakeHost("web2");
  MakeHost("db1");
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, one_)}));
  ASSERT_OK(Ingest("web2", "e1", {Whole(1, two_)}));
  EXPECT_THAT(Found({std::nullopt, "bash"}), ElementsAre("web1 bash 5.1", "web2 bash 5.2"));
  EXPECT_THAT(Found({{{"web2"}}, "bash"}), ElementsAre("web2 bash 5.2"));
  EXPECT_THAT(Found({std::nullopt, "?ano"}), ElementsAre("web1 nano 7"));
  EXPECT_THAT(Found({std::nullopt, "ban*"}), IsEmpty());
  EXPECT_THAT(Found({{std::vector<std::string>()}, "bash"}), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().history().Packages({{{"db1", "web1"}}, ""}, absl::InfiniteFuture()));
  EXPECT_THAT(list.not_known, ElementsAre("db1"));
}

TEST_F(PackageStoreTest, AWholeListPutsRightWhatWasMissed) {
  ASSERT_OK(Ingest("web1", "e1", {Change(1, {}, one_)}));  // Of a list that never came.
  EXPECT_THAT(PackagesAt(absl::InfiniteFuture()), IsEmpty());
  ASSERT_OK(Ingest("web1", "e1", {Whole(2, one_)}));
  ASSERT_OK(Ingest("web1", "e1", {Whole(7, two_)}));
  EXPECT_EQ(PackagesAt(At(6)), one_);
  EXPECT_EQ(PackagesAt(At(7)), two_);
  ASSERT_OK(Ingest("web1", "e1", {Whole(9, two_)}));
  EXPECT_THAT(store().history().PackageChanges({}, {}).value(), SizeIs(3));
}

TEST_F(PackageStoreTest, WhatComesLateIsTheNextChangeAndNothingIsInTheFuture) {
  ASSERT_OK(Ingest("web1", "e1", {Whole(10, one_)}));
  server::Ingest late = Change(11, one_, two_);
  std::get<PackageReport>(late.body).changed = At(3);
  ASSERT_OK(Ingest("web1", "e1", {late}));
  EXPECT_EQ(PackagesAt(At(10)), one_);
  EXPECT_EQ(PackagesAt(At(11)), two_);
  server::Ingest early = Change(12, two_, one_);
  std::get<PackageReport>(early.body).changed = clock_.Now() + absl::Hours(99);
  ASSERT_OK(Ingest("web1", "e1", {early}));
  EXPECT_EQ(PackagesAt(clock_.Now()), one_);
}

TEST_F(PackageStoreTest, EveryMomentOfAnyHistoryIsAsItWas) {
  constexpr uint64_t kWeek = 60 * 24 * 7;
  std::mt19937 random(11);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same run every time
  std::map<uint64_t, PackageSet> known;
  PackageSet now;
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, now)}));
  for (uint64_t i = 1; i < 60; ++i) {
    PackageSet next = now;
    for (int step = 0; step < 3; ++step) {
      const std::string name = "p" + std::to_string(random() % 7);
      if (random() % 3 == 0) {
        next.erase(name);
      } else {
        next[name] = {std::to_string(random() % 4), "amd64"};
      }
    }
    ASSERT_OK(Ingest("web1", "e1", {Change(i * kWeek, now, next)}));
    known[i * kWeek] = next;
    now = next;
  }
  for (const auto& [sequence, packages] : known) {
    EXPECT_EQ(PackagesAt(At(sequence)), packages);
    EXPECT_EQ(PackagesAt(At(sequence + kWeek / 2)), packages);
    for (const auto& [name, package] : packages) {
      EXPECT_THAT(Found({std::nullopt, name}, At(sequence)),
                  ElementsAre("web1 " + name + " " + package.version));
    }
  }
}

TEST_F(PackageStoreTest, WhatIsOlderThanIsKeptIsForgottenWithItsMonth) {
  constexpr uint64_t kYear = 60 * 24 * 365;
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, one_)}));
  ASSERT_OK(Ingest("web1", "e1", {Change(kYear, one_, two_)}));
  ASSERT_OK(Ingest("web1", "e1", {Change(9 * kYear, two_, one_)}));
  Reopen(absl::Hours(24 * 365 * 3));
  EXPECT_THAT(store().history().PackageChanges({}, {}).value(), SizeIs(3));
  EXPECT_EQ(PackagesAt(At(9 * kYear)), one_);
  EXPECT_EQ(PackagesAt(At(8 * kYear)), two_);
}

TEST_F(PackageStoreTest, ADatabaseOfTheVersionBeforeTakesPackages) {
  CloseStore();
  std::filesystem::remove(Path());
  {
    auto old = sqlite::Database::Open(Path());
    ASSERT_OK(old);
    ASSERT_OK(sqlite::MigrateTo(**old, 9));
  }
  ASSERT_OK(OpenAgain());
  MakeHost("web1");
  ASSERT_OK(Ingest("web1", "e1", {Whole(1, one_)}));
  EXPECT_EQ(PackagesAt(absl::InfiniteFuture()), one_);
}

}  // namespace
}  // namespace fettle::server
