// SPDX-License-Identifier: Apache-2.0
#include "modules/package/package.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::Value;
using sys::PackagePresence;
using ::testing::AllOf;
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using testing::FakePackage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

class PackageTest : public ::testing::Test {
 protected:
  PackageTest() {
    host_.apt().AddAvailable({.name = "curl", .versions = {"8.0-2", "8.0-1", "7.9-1"}});
    host_.apt().AddAvailable({.name = "nginx", .conffiles = {{"/etc/nginx.conf", "vendor\n"}}});
    host_.apt().AddAvailable({.name = "exim", .provides = {"mail-agent"}});
  }

  std::unique_ptr<resource::Resource> Package(const std::string& name,
                                              const Value::Map& declared = {}) {
    return Declare(PackageType(), name, declared);
  }

  sys::PackageState State(const std::string& name) { return host_.apt().Package(name).value(); }

  // Inspects each of them and applies those that differ in one batch, as the engine does.
  std::vector<absl::Status> ApplyAll(
      const std::vector<std::unique_ptr<resource::Resource>>& resources) {
    std::vector<std::vector<resource::Difference>> drifts;
    std::vector<resource::BatchItem> items;
    for (const auto& one : resources) {
      drifts.push_back(one->Inspect(host_, Deadline::Never()).value());
    }
    for (std::size_t i = 0; i < resources.size(); ++i) {
      items.push_back({resources[i].get(), drifts[i]});
    }
    return PackageType().apply_batch(items, host_, Deadline::Never());
  }

  testing::FakeHost host_;
};

TEST_F(PackageTest, InstallsTheCandidateWhenAnyVersionWillDo) {
  const auto curl = Package("curl");
  EXPECT_THAT(Differences(*curl, host_), ElementsAre("present: false -> true"));
  EXPECT_OK(BringAbout(*curl, host_));
  EXPECT_EQ(State("curl").version, "8.0-2");
}

TEST_F(PackageTest, LeavesAnInstalledVersionAloneWhenAnyVersionWillDo) {
  host_.apt().Install("curl", "7.9-1");
  EXPECT_THAT(Differences(*Package("curl"), host_), IsEmpty());
}

TEST_F(PackageTest, BringsAboutTheDeclaredVersion) {
  struct Case {
    const char* installed;
    const char* declared;
    const char* difference;
    const char* after;
  };

  for (const Case& one : std::vector<Case>{
           {"7.9-1", "8.0-1", "version: 7.9-1 -> 8.0-1", "8.0-1"},
           {"7.9-1", "latest", "version: 7.9-1 -> 8.0-2", "8.0-2"},
           {"7.9-1", ">= 8.0", "version: 7.9-1 -> >= 8.0", "8.0-2"},
           {"8.0-1", ">= 8.0", "", "8.0-1"},
           {"8.0-2", "latest", "", "8.0-2"},
           {"8.0-1", "0:8.0-1", "", "8.0-1"},
       }) {
    host_.apt().Install("curl", one.installed);
    const auto curl = Package("curl", {{"version", one.declared}});
    const std::vector<std::string> differences = Differences(*curl, host_);
    EXPECT_EQ(differences.empty() ? "" : differences.front(), one.difference) << one.declared;
    EXPECT_OK(BringAbout(*curl, host_)) << one.declared;
    EXPECT_EQ(State("curl").version, one.after) << one.declared;
  }
}

TEST_F(PackageTest, TakesAnOlderOfferWhenTheCandidateIsTooOldByPin) {
  // The candidate comes first; a pin may make it older than others on offer.
  host_.apt().AddAvailable({.name = "curl", .versions = {"7.9-1", "8.0-2"}});
  EXPECT_OK(BringAbout(*Package("curl", {{"version", ">= 8.0"}}), host_));
  EXPECT_EQ(State("curl").version, "8.0-2");
}

TEST_F(PackageTest, SaysWhichVersionsThereAreWhenTheDeclaredOneIsNot) {
  for (const char* const version : {"9.0-1", ">= 9"}) {
    EXPECT_THAT(BringAbout(*Package("curl", {{"version", version}}), host_),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("curl"), HasSubstr("available: 8.0-2, 8.0-1, 7.9-1"))))
        << version;
  }
}

TEST_F(PackageTest, DowngradesOnlyWhenAllowed) {
  host_.apt().Install("curl", "8.0-2");
  EXPECT_THAT(BringAbout(*Package("curl", {{"version", "8.0-1"}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("allow_downgrade = true")));
  EXPECT_EQ(State("curl").version, "8.0-2");
  EXPECT_OK(BringAbout(*Package("curl", {{"version", "8.0-1"}, {"allow_downgrade", true}}), host_));
  EXPECT_EQ(State("curl").version, "8.0-1");
}

TEST_F(PackageTest, DoesNotChangeWhatSomebodyPutOnHold) {
  host_.apt().Install("curl", "7.9-1");
  host_.apt().SetHeld("curl", true);
  for (const char* const version : {"latest", "8.0-2"}) {
    EXPECT_THAT(BringAbout(*Package("curl", {{"version", version}}), host_),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("on hold at 7.9-1")));
  }
  EXPECT_EQ(State("curl").version, "7.9-1");
  EXPECT_OK(BringAbout(*Package("curl", {{"version", "latest"}, {"allow_held", true}}), host_));
  EXPECT_EQ(State("curl").version, "8.0-2");
  EXPECT_TRUE(State("curl").held) << "the hold is an axis of its own";
}

TEST_F(PackageTest, HoldsAndReleasesWithoutTouchingTheVersion) {
  host_.apt().Install("curl", "7.9-1");
  const auto held = Package("curl", {{"held", true}});
  EXPECT_THAT(Differences(*held, host_), ElementsAre("held: false -> true"));
  EXPECT_OK(BringAbout(*held, host_));
  EXPECT_OK(BringAbout(*Package("curl", {{"held", false}, {"version", "8.0-1"}}), host_));
  EXPECT_FALSE(State("curl").held);
  EXPECT_EQ(State("curl").version, "8.0-1");
}

TEST_F(PackageTest, ChangesTheVersionOfWhatTheRecipeItselfHolds) {
  host_.apt().Install("curl", "7.9-1");
  host_.apt().SetHeld("curl", true);
  EXPECT_OK(BringAbout(*Package("curl", {{"held", true}, {"version", "8.0-1"}}), host_));
  EXPECT_EQ(State("curl").version, "8.0-1");
  EXPECT_TRUE(State("curl").held);
}

TEST_F(PackageTest, KnowsAbsentConfigFilesAndPurgedApart) {
  host_.apt().Install("nginx");
  const auto absent = Package("nginx", {{"absent", true}});
  const auto purged = Package("nginx", {{"purged", true}});
  EXPECT_THAT(Differences(*absent, host_), ElementsAre("present: true -> false"));
  EXPECT_OK(BringAbout(*absent, host_));
  EXPECT_EQ(State("nginx").presence, PackagePresence::kConfigFiles);
  EXPECT_THAT(Differences(*purged, host_), ElementsAre("purged: false -> true"));
  EXPECT_OK(BringAbout(*purged, host_));
  EXPECT_EQ(State("nginx").presence, PackagePresence::kAbsent);
  EXPECT_FALSE(host_.disk().Exists("/etc/nginx.conf"));
  host_.apt().Install("nginx");
  EXPECT_THAT(Differences(*purged, host_),
              ElementsAre("present: true -> false", "purged: false -> true"));
}

TEST_F(PackageTest, RefusesToRemoveAVirtualPackage) {
  host_.apt().Install("exim");
  EXPECT_THAT(BringAbout(*Package("mail-agent", {{"absent", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("virtual package")));
  EXPECT_THAT(Differences(*Package("mail-agent"), host_), IsEmpty());
}

TEST_F(PackageTest, RepairsABrokenDatabaseOnlyWhenAllowed) {
  host_.apt().Install("curl");
  host_.apt().Break("curl", "half-configured");
  EXPECT_THAT(Differences(*Package("curl"), host_),
              ElementsAre("present: half-configured -> true"));
  EXPECT_THAT(BringAbout(*Package("curl"), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("dpkg --configure -a")));
  EXPECT_OK(BringAbout(*Package("curl", {{"repair_broken", true}}), host_));
}

TEST_F(PackageTest, InstallsALocalFile) {
  host_.disk().PutFile("/opt/acme.deb", "a package");
  host_.apt().AddLocal("/opt/acme.deb", {.name = "acme", .versions = {"2.1"}});
  EXPECT_OK(BringAbout(*Package("acme", {{"file", "/opt/acme.deb"}, {"version", "2.1"}}), host_));
  EXPECT_EQ(State("acme").version, "2.1");
}

TEST_F(PackageTest, HandsItsParametersToTheTransaction) {
  EXPECT_OK(BringAbout(*Package("curl",
                                {{"conffiles", "new"},
                                 {"lock_wait", "10m"},
                                 {"recommends", true},
                                 {"may_remove", Value::List{"wget"}},
                                 {"options", Value::List{"-t", "backports"}}}),
                       host_));
  ASSERT_THAT(host_.apt().transactions(), SizeIs(1));
  const testing::FakeTransaction& transaction = host_.apt().transactions().front();
  EXPECT_TRUE(transaction.requests.front().recommends);
  EXPECT_TRUE(transaction.options.take_new_conffiles);
  EXPECT_EQ(transaction.options.lock_wait, absl::Minutes(10));
  EXPECT_THAT(transaction.options.may_remove, ElementsAre("wget"));
  EXPECT_THAT(transaction.options.extra_options, ElementsAre("-t", "backports"));
}

TEST_F(PackageTest, PutsAllPackagesIntoOneTransaction) {
  std::vector<std::unique_ptr<resource::Resource>> all;
  all.push_back(Package("curl"));
  all.push_back(Package("nginx", {{"lock_wait", "10m"}}));
  all.push_back(Package("exim", {{"may_remove", "sendmail"}}));
  for (const absl::Status& status : ApplyAll(all)) {
    EXPECT_OK(status);
  }
  ASSERT_THAT(host_.apt().transactions(), SizeIs(1));
  EXPECT_EQ(host_.apt().transactions()[0].options.lock_wait, absl::Minutes(10));
  EXPECT_THAT(host_.apt().transactions()[0].options.may_remove, ElementsAre("sendmail"));
}

TEST_F(PackageTest, KeepsPackagesWithOtherOptionsInATransactionOfTheirOwn) {
  std::vector<std::unique_ptr<resource::Resource>> all;
  all.push_back(Package("curl"));
  all.push_back(Package("nginx", {{"conffiles", "new"}}));
  all.push_back(Package("exim"));
  for (const absl::Status& status : ApplyAll(all)) {
    EXPECT_OK(status);
  }
  EXPECT_THAT(host_.apt().transactions(), SizeIs(2));
}

TEST_F(PackageTest, LetsOneUnknownPackageNotBlockTheRest) {
  std::vector<std::unique_ptr<resource::Resource>> all;
  all.push_back(Package("curl"));
  all.push_back(Package("no-such"));
  all.push_back(Package("nginx"));
  const std::vector<absl::Status> statuses = ApplyAll(all);
  EXPECT_THAT(statuses,
              ElementsAre(testing::IsOk(),
                          StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no-such")),
                          testing::IsOk()));
  EXPECT_EQ(State("nginx").presence, PackagePresence::kInstalled);
  EXPECT_THAT(host_.apt().transactions(), SizeIs(3)) << "all, the rest, the one alone";
}

TEST_F(PackageTest, FindsTheOnesAtFaultAmongMany) {
  std::vector<std::unique_ptr<resource::Resource>> all;
  for (const char* const name : {"curl", "no-such", "nginx", "nor-this", "exim"}) {
    all.push_back(Package(name));
  }
  EXPECT_THAT(ApplyAll(all),
              ElementsAre(testing::IsOk(),
                          StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no-such")),
                          testing::IsOk(),
                          StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nor-this")),
                          testing::IsOk()));
  EXPECT_LE(host_.apt().transactions().size(), all.size() + 2);
}

TEST_F(PackageTest, TriesNobodyAloneWhenTheLockStaysTaken) {
  host_.apt().SetLockHolder("unattended-upgr (pid 812)");
  std::vector<std::unique_ptr<resource::Resource>> all;
  all.push_back(Package("curl"));
  all.push_back(Package("nginx"));
  for (const absl::Status& status : ApplyAll(all)) {
    EXPECT_THAT(
        status,
        StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("unattended-upgr (pid 812)")));
  }
  EXPECT_THAT(host_.apt().transactions(), SizeIs(1));
}

TEST_F(PackageTest, DescribesWhatIsThereAsADeclarationAtRest) {
  host_.apt().Install("curl", "8.0-1");
  host_.apt().SetHeld("curl", true);
  const auto curl = Package("curl");
  const auto* const describable = dynamic_cast<const resource::Describable*>(curl.get());
  ASSERT_NE(describable, nullptr);
  const auto attributes = describable->Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_EQ(attributes->String("version", ""), "8.0-1");
  EXPECT_TRUE(attributes->Bool("held", false));
  EXPECT_THAT(Differences(*PackageType().make("curl", *attributes), host_), IsEmpty());
}

TEST(PackageSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"Curl", {}, "is no package name"},
           {"c", {}, "is no package name"},
           {"curl nginx", {}, "is no package name"},
           {"curl:", {}, "is no package name"},
           {"curl", {{"version", "1.2*"}}, "version: expected"},
           {"curl", {{"version", "< 3"}}, "version: expected"},
           {"curl", {{"version", ">="}}, "version: expected"},
           {"curl", {{"absent", true}, {"version", "1"}}, "leave them out"},
           {"curl", {{"absent", true}, {"held", true}}, "leave them out"},
           {"curl", {{"purged", true}, {"absent", false}}, "leave one of them out"},
           {"curl", {{"version", "latest"}, {"held", true}}, "contradict"},
           {"curl", {{"conffiles", "ask"}}, "conffiles"},
       }) {
    EXPECT_THAT(DeclarationErrors(PackageSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.name;
  }
}

#if defined(__x86_64__)
TEST(PackageSchemaTest, TheNativeArchitectureIsTheBareName) {
  EXPECT_EQ(PackageSchema().canonical_name("bash:amd64").value_or(""), "bash");
  EXPECT_EQ(PackageSchema().canonical_name("bash:i386").value_or(""), "bash:i386");
  EXPECT_EQ(PackageSchema().canonical_name("bash").value_or(""), "bash");
}
#endif

TEST(PackageSchemaTest, TakesArchitecturesAndOddNames) {
  for (const char* const name : {"libc6:i386", "g++-12", "libstdc++6", "0ad", "a2ps"}) {
    EXPECT_THAT(DeclarationErrors(PackageSchema(), name, {}), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace fettle::modules
