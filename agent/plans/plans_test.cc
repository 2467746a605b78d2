// SPDX-License-Identifier: Apache-2.0
// Plans of real resource types on a machine in memory: what is foreseen, and what is refused.
#include <array>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/journal/journal.h"
#include "agent/plans/carry_out.h"
#include "agent/plans/forecast.h"
#include "agent/plans/guarded_host.h"
#include "agent/plans/plan_gate.h"
#include "agent/plans/plan_output.h"
#include "agent/undo/store.h"
#include "modules/types.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle::plans {
namespace {

using resource::RelationKind;
using resource::RunReport;
using resource::State;
using resource::Value;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Knows one package, "web": a unit, a user, a configuration folder; by its archive if there is one.
class FakeForesight final : public sys::PackageForesight {
 public:
  absl::StatusOr<std::vector<sys::ForeseenPackage>> Steps(
      std::span<const sys::PackageRequest> requests,
      const sys::TransactionOptions& /*options*/,
      Deadline /*deadline*/) override {
    std::vector<sys::ForeseenPackage> steps;
    for (const sys::PackageRequest& request : requests) {
      sys::ForeseenPackage step;
      step.name = request.name;
      step.new_version = version;
      steps.push_back(step);
    }
    return steps;
  }

  void LookInside(sys::ForeseenPackage* package, Deadline /*deadline*/) override {
    package->contents_known = has_archive;
    if (!has_archive) {
      return;
    }
    package->archive = "/web.deb";
    package->scripts = {"postinst"};
    package->users = {"web"};
    package->files = {
        {"/etc/web", sys::FileKind::kDirectory, 0755, 0, "root", "root", ""},
        {"/etc/systemd/system/web.service", sys::FileKind::kRegular, 0644, 10, "root", "root", ""}};
  }

  absl::StatusOr<std::string> Content(const std::string& /*archive*/,
                                      const std::string& /*path*/,
                                      uint64_t /*max_bytes*/,
                                      Deadline /*deadline*/) override {
    return "[Service]\nExecStart=/x\n[Install]\n";
  }

  bool has_archive = true;
  std::string version = "1.0-1";
};

class PlansTest : public ::testing::Test {
 protected:
  PlansTest() {
    testing::FakePackage web;
    web.name = "web";
    web.files = {{"/etc/web/x", "x"}};
    web.units = {"web.service"};
    web.users = {{.name = "web", .uid = 990, .gid = 990, .comment = "", .home = "/"}};
    host_.apt().AddAvailable(web);
  }

  void Add(std::string_view type, std::string_view name, const Value::Map& declared = {}) {
    const resource::ResourceType& found = *FindType(type);
    resource::Declaration declaration;
    declaration.type = type;
    declaration.name = found.schema->canonical_name(name).value();
    declaration.attributes = testing::DeclaredAttributes(*found.schema, name, declared);
    declaration.position = {"init.lua", 1, {}};
    catalog_.resources.push_back(std::move(declaration));
  }

  StoredPlan Plan() {
    Forecast forecast(host_, &foresight_);
    engine::Engine engine(FindType, host_.clock(), nullptr);
    const auto report = engine.Plan(catalog_, forecast.reader(), {.observer = &forecast});
    EXPECT_OK(report.status());
    return forecast.Make(catalog_, report.ok() ? *report : RunReport(), "tree");
  }

  RunReport CarryOut(const StoredPlan& plan) {
    GuardedHost guarded(host_, plan, &foresight_);
    const auto prepared = engine::Prepared::Make(catalog_, FindType);
    EXPECT_OK(prepared.status());
    PlanGate gate(plan, guarded);
    gate.LookBefore(**prepared, Deadline::Never());
    meanwhile_();
    engine::Engine engine(FindType, host_.clock(), nullptr);
    const auto report = engine.Run(**prepared, guarded, {.gate = &gate});
    EXPECT_OK(report.status());
    return report.ok() ? *report : RunReport();
  }

  static resource::ResourceReport Of(const RunReport& report, std::string_view id) {
    for (const resource::ResourceReport& resource : report.resources) {
      if (resource.id == id) {
        return resource;
      }
    }
    return {};
  }

  static std::vector<std::string> Operations(const StoredPlan& plan, std::string_view id) {
    std::vector<std::string> operations;
    if (const PlanStep* step = plan.Find(id); step != nullptr) {
      for (const sys::PlannedOperation& operation : step->operations) {
        operations.push_back(operation.what);
      }
    }
    return operations;
  }

  testing::FakeHost host_;
  FakeForesight foresight_;
  resource::Catalog catalog_;
  std::function<void()> meanwhile_ = [] {};  // After the look before the run.
};

TEST_F(PlansTest, APlanNamesItsOperationsAndWritesNothing) {
  Add("directory", "/etc/a", {{"mode", "0750"}});
  Add("file", "/etc/a/b", {{"content", "hello"}});
  const auto disk = host_.disk().Everything();
  const StoredPlan plan = Plan();
  EXPECT_EQ(host_.disk().Everything(), disk);
  EXPECT_EQ(host_.calls().writes(), 0U);
  EXPECT_THAT(Operations(plan, "directory:/etc/a"),
              ElementsAre(HasSubstr("make directory /etc/a (0750")));
  EXPECT_THAT(Operations(plan, "file:/etc/a/b"), ElementsAre(HasSubstr("write /etc/a/b (5 bytes")));
  EXPECT_EQ(plan.Find("directory:/etc/a")->confidence, sys::Confidence::kCertain);
  EXPECT_EQ(plan.Find("file:/etc/a/b")->confidence, sys::Confidence::kPredicted);
  EXPECT_EQ(plan.Find("file:/etc/a/b")->doubt, "");
}

TEST_F(PlansTest, AServiceOfAPackageToBeInstalledPlansAsStart) {
  Add("package", "web");
  Add("file", "/etc/web/conf", {{"content", "c"}, {"owner", "web"}});
  Add("service", "web", {{"running", true}, {"enabled", true}});
  const StoredPlan plan = Plan();
  EXPECT_THAT(Operations(plan, "package:web"),
              ElementsAre("install web 1.0-1", HasSubstr("maintainer scripts of web: postinst")));
  EXPECT_THAT(Operations(plan, "service:web.service").empty()
                  ? Operations(plan, "service:web")
                  : Operations(plan, "service:web.service"),
              ElementsAre("enable web.service", "start web.service"));
  for (const PlanStep& step : plan.steps) {
    EXPECT_EQ(step.doubt, "") << step.id;
    EXPECT_NE(step.confidence, sys::Confidence::kLow) << step.id;
  }
  EXPECT_EQ(plan.Find("package:web")->confidence, sys::Confidence::kCertain);
  EXPECT_EQ(plan.opaque_operations(), 1U);
  EXPECT_THAT(OpaqueLine(plan), HasSubstr("package:web"));
}

TEST_F(PlansTest, WithoutTheArchiveWhatFollowsIsOfLowConfidence) {
  foresight_.has_archive = false;
  Add("package", "web");
  Add("service", "web", {{"running", true}});
  const StoredPlan plan = Plan();
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[1].confidence, sys::Confidence::kLow);
  EXPECT_THAT(Operations(plan, plan.steps[1].id), ElementsAre("start web.service"));
}

TEST_F(PlansTest, WhatIsCertainToFailSaysSo) {
  Add("service", "nowhere", {{"running", true}});
  const StoredPlan plan = Plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_THAT(plan.steps[0].doubt, HasSubstr("is expected to fail"));
}

TEST_F(PlansTest, WhatMaintainerScriptsMayBringIsNotSaidToFail) {
  Add("package", "web");
  Add("file", "/etc/web/conf", {{"content", "c"}, {"owner", "made-by-a-script"}});
  const StoredPlan plan = Plan();
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_THAT(plan.steps[1].doubt, HasSubstr("an earlier step may bring what it needs"));
  EXPECT_EQ(plan.steps[1].confidence, sys::Confidence::kLow);
}

TEST_F(PlansTest, LaterFilesSeeUsersAndGroupsThatEarlierStepsMake) {
  Add("group", "ops");
  Add("user", "eve", {{"groups", Value::List{"ops"}}});
  Add("file", "/etc/eve", {{"content", "x"}, {"owner", "eve"}, {"group", "ops"}});
  const StoredPlan plan = Plan();
  ASSERT_EQ(plan.steps.size(), 3U);
  for (const PlanStep& step : plan.steps) {
    EXPECT_EQ(step.doubt, "") << step.id;
  }
  EXPECT_EQ(plan.steps[2].confidence, sys::Confidence::kPredicted);
}

TEST_F(PlansTest, StepsOfUnknownEffectAreMarkedAndCounted) {
  host_.programs().OnProgram("/bin/x", 0);
  Add("exec", "x", {{"command", Value::List{"/bin/x", "arg"}}, {"creates", "/etc/done"}});
  const StoredPlan plan = Plan();
  EXPECT_EQ(plan.opaque_operations(), 1U);
  EXPECT_THAT(Operations(plan, "exec:x"), ElementsAre("run /bin/x arg"));
  EXPECT_THAT(PlanJson(plan), HasSubstr("\"opaque\": 1"));
}

TEST_F(PlansTest, CarryingOutAPlanDoesIt) {
  Add("directory", "/etc/a");
  Add("file", "/etc/a/b", {{"content", "hello"}});
  Add("package", "web");
  Add("service", "web", {{"running", true}});
  const StoredPlan plan = Plan();
  const RunReport report = CarryOut(plan);
  EXPECT_EQ(report.counts.changed, 4) << PlanText(plan);
  EXPECT_EQ(report.counts.failed, 0);
  EXPECT_THAT(Plan().steps, IsEmpty());
}

TEST_F(PlansTest, AResourceWhoseWorldChangedIsRefusedWithItsDependentsAlone) {
  host_.disk().PutFile("/etc/a", "old");
  Add("file", "/etc/a", {{"content", "new"}});
  Add("file", "/etc/b", {{"content", "b"}});
  Add("file", "/etc/c", {{"content", "c"}});
  catalog_.resources[1].relations.push_back({RelationKind::kRequires, 0});
  const StoredPlan plan = Plan();
  host_.disk().PutFile("/etc/a", "somebody else's");
  const RunReport report = CarryOut(plan);
  EXPECT_EQ(Of(report, "file:/etc/a").state, State::kFailed);
  EXPECT_THAT(Of(report, "file:/etc/a").error, HasSubstr("world changed since plan"));
  EXPECT_THAT(Of(report, "file:/etc/a").error, HasSubstr("/etc/a"));
  EXPECT_EQ(Of(report, "file:/etc/b").state, State::kSkipped);
  EXPECT_EQ(Of(report, "file:/etc/c").state, State::kChanged);
  EXPECT_EQ(host_.disk().Content("/etc/a"), "somebody else's");
  EXPECT_EQ(resource::ExitCode(report), 6);
}

TEST_F(PlansTest, AChangeBetweenTheLookBeforeTheRunAndTheStepIsSeen) {
  Add("file", "/etc/a", {{"content", "new"}});
  const StoredPlan plan = Plan();
  meanwhile_ = [this] { host_.disk().PutFile("/etc/a", "just now"); };
  const RunReport report = CarryOut(plan);
  EXPECT_EQ(report.counts.failed, 1);
  EXPECT_EQ(host_.disk().Content("/etc/a"), "just now");
}

TEST_F(PlansTest, WhatIsNotInThePlanIsNotChanged) {
  host_.disk().PutFile("/etc/a", "new");
  Add("file", "/etc/a", {{"content", "new"}});
  Add("file", "/etc/b", {{"content", "b"}});
  const StoredPlan plan = Plan();
  host_.disk().PutFile("/etc/a", "drifted");
  const RunReport report = CarryOut(plan);
  EXPECT_THAT(Of(report, "file:/etc/a").error, HasSubstr("not in the plan"));
  EXPECT_EQ(Of(report, "file:/etc/b").state, State::kChanged);
  EXPECT_EQ(host_.disk().Content("/etc/a"), "drifted");
}

TEST_F(PlansTest, ATransactionWithAnotherStepThanPlannedIsRefused) {
  Add("package", "web");
  const StoredPlan plan = Plan();
  foresight_.version = "2.0-1";
  const RunReport report = CarryOut(plan);
  EXPECT_EQ(report.counts.failed, 1);
  EXPECT_THAT(Of(report, "package:web").error, HasSubstr("install web 2.0-1"));
  EXPECT_EQ(host_.packages().Package("web")->presence, sys::PackagePresence::kAbsent);
}

TEST_F(PlansTest, TheRepairOfHalfDonePackagesIsAStepOfItsOwn) {
  host_.apt().Install("web");
  host_.apt().Break("web", "half-configured");
  Add("package", "web", {{"repair_broken", true}});
  const StoredPlan plan = Plan();
  EXPECT_THAT(Operations(plan, "package:web"),
              Contains("repair half-done packages with dpkg --configure -a: web"));
  EXPECT_EQ(host_.packages().Package("web")->presence, sys::PackagePresence::kBroken);
}

TEST_F(PlansTest, HalfDonePackagesPlanAsAFailureUnlessTheirRepairIsAskedFor) {
  host_.apt().Install("web");
  host_.apt().Break("web", "half-configured");
  Add("package", "web");
  EXPECT_THAT(Plan().Find("package:web")->doubt, HasSubstr("repair_broken = true"));
}

TEST_F(PlansTest, SecretsAreNotInTheOperations) {
  host_.programs().OnProgram("/bin/x", 0);
  Add("exec", "x", {{"command", Value::List{"/bin/x", "hunter2"}}, {"creates", "/etc/done"}});
  Add("file", "/etc/s", {{"content", "hunter2"}});
  catalog_.resources[0].sensitive = true;
  catalog_.resources[1].sensitive = true;
  const StoredPlan plan = Plan();
  EXPECT_EQ(PlanText(plan).find("hunter2"), std::string::npos) << PlanText(plan);
  EXPECT_EQ(PlanJson(plan).find("hunter2"), std::string::npos);
}

TEST(PackageForesight, ReadsTheListOfAnArchive) {
  const auto files = sys::ParseArchiveList(
      "drwxr-xr-x root/root         0 2023-01-01 10:00 ./\n"
      "drwxr-x--- root/adm          0 2023-01-01 10:00 ./var/log/web/\n"
      "-rwsr-xr-x root/root      1234 2023-01-01 10:00 ./usr/bin/web tool\n"
      "lrwxrwxrwx root/root         0 2023-01-01 10:00 ./etc/link -> ../x\nnonsense\n");
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].path, "/var/log/web");
  EXPECT_EQ(files[0].mode, 0750U);
  EXPECT_EQ(files[0].group, "adm");
  EXPECT_EQ(files[1].path, "/usr/bin/web tool");
  EXPECT_EQ(files[1].mode, 04755U);
  EXPECT_EQ(files[1].size, 1234U);
  EXPECT_EQ(files[2].target, "../x");
}

TEST(PackageForesight, GuessesAccountsFromScripts) {
  constexpr std::array<std::string_view, 2> kTools = {"adduser", "useradd"};
  EXPECT_THAT(sys::GuessAccounts("adduser --system --group --home /var/lib/pg --quiet postgres\n"
                                 "# adduser nobody\nadduser \"$USER\"\n"
                                 "useradd --system \\\n  --no-create-home web || true\n",
                                 kTools),
              ElementsAre("postgres", "web"));
  EXPECT_THAT(sys::GuessAccounts("NAME=\"redis\"\nadduser \\\n --home /x \\\n --gecos 'A b' \\\n"
                                 " ${NAME} || true\nadduser --system $OTHER; true\n",
                                 kTools),
              ElementsAre("redis"));
  EXPECT_THAT(sys::ParseSysusers("# c\nu redis - \"Redis\" /var/lib/redis\ng x -\n"),
              ElementsAre("redis"));
}

TEST_F(PlansTest, AGroupThatFailsIsPutBackThoughThePlanDoesNotSaySo) {
  host_.disk().PutFile("/etc/kept", "old");
  Add("file", "/etc/kept", {{"content", "new"}});
  Add("package", "web");
  Add("exec", "breaks", {{"command", Value::List{"/bin/breaks"}}, {"creates", "/etc/done"}});
  Add("file", "/etc/apart", {{"content", "apart"}});
  resource::Group group;
  group.name = "web";
  group.rollback_on_failure = true;
  catalog_.groups.push_back(group);
  for (std::size_t i = 0; i < 3; ++i) {
    catalog_.resources[i].group = 0;
  }
  const StoredPlan plan = Plan();
  ASSERT_EQ(plan.steps.size(), 4U);
  const testing::TempFolder folder;
  const auto journal = journal::Journal::Open(folder.path()).value();
  const auto past = undo::Store::Open(folder.path() + "/undo").value();
  engine::Engine engine(FindType, host_.clock(), journal.get(), past.get());
  // Removing is no step of the plan, and is done all the same.
  const auto report =
      plans::CarryOut(plan, catalog_, {host_, &foresight_, engine}, {.reason = "plan"});
  ASSERT_OK(report.status());
  EXPECT_EQ(Of(*report, "exec:breaks").state, State::kFailed);
  EXPECT_EQ(Of(*report, "file:/etc/kept").state, State::kReverted);
  EXPECT_EQ(Of(*report, "package:web").state, State::kReverted) << Of(*report, "package:web").error;
  EXPECT_EQ(Of(*report, "file:/etc/apart").state, State::kChanged);
  EXPECT_EQ(host_.disk().Content("/etc/kept"), "old");
  EXPECT_EQ(host_.packages().Package("web")->presence, sys::PackagePresence::kAbsent);
}

}  // namespace
}  // namespace fettle::plans
