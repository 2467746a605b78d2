// SPDX-License-Identifier: Apache-2.0
// What every resource type changes can be put back, also when putting it back fails or is killed
// at any call.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/undo/recorder.h"
#include "agent/undo/undo.h"
#include "lib/base/status_macros.h"
#include "modules/schemas.h"
#include "tests/contract/contract_case.h"
#include "tests/contract/world.h"
#include "tests/support/temp_folder.h"

namespace fettle::contract {
namespace {

constexpr std::size_t kMostCalls = 2000;
constexpr char kRun[] = "RUN1";

// One case, applied by a run of which everything is kept.
class Applied {
 public:
  explicit Applied(const ContractCase& one)
      : world_(one), store_(undo::Store::Open(folder_.path()).value()) {
    world_.host().disk().PutDirectory("/srv");  // Tools that make homes make what is above as well.
    former_ = Seen();
    disk_ = world_.host().disk().Everything();
    const undo::Subject subject = SubjectOf(one);
    undo::Recorder recorder(
        *store_, world_.host(), {kRun, "apply", "r1", world_.host().clock().Now()});
    EXPECT_TRUE(recorder.Ready(subject, Deadline::Never()).ok());
    EXPECT_TRUE(world_.Converge().ok());
    recorder.After(subject, Deadline::Never());
    EXPECT_TRUE(recorder.End(world_.host().clock().Now()).ok());
  }

  absl::StatusOr<undo::Undone> Undo() {
    undo::UndoOptions options;
    options.by = fmt::format("UNDO{}", ++undone_);
    options.reason = "undo";
    return undo::Perform(*store_, kRun, world_.host(), world_.host().clock(), options);
  }

  // All of it is put back, and the host is what it was.
  void ExpectUndone() {
    const absl::StatusOr<undo::Undone> undone = Undo();
    ASSERT_TRUE(undone.ok()) << undone.status();
    for (const auto& outcome : undone->outcomes) {
      EXPECT_TRUE(outcome.put_back) << outcome.resource << ": " << outcome.why_not;
    }
    EXPECT_TRUE(undone->complete);
    EXPECT_EQ(Seen(), former_);
    if (!has_packages_) {  // A removed package leaves its configuration files.
      EXPECT_EQ(world_.host().disk().Everything(), disk_);
    }
  }

  World& world() { return world_; }

  const undo::Store& store() const { return *store_; }

 private:
  // What a look at the resource finds, in words.
  std::vector<std::string> Seen() {
    std::vector<std::string> lines;
    const absl::StatusOr<Differences> drift = world_.Inspect();
    EXPECT_TRUE(drift.ok()) << drift.status();
    for (const resource::Difference& one : drift.value_or(Differences())) {
      lines.push_back(fmt::format("{} is {}", one.attribute, one.current.Display()));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  undo::Subject SubjectOf(const ContractCase& one) {
    const resource::Schema& schema = *FindSchema(one.type);
    resource::Declaration declaration;
    declaration.type = one.type;
    declaration.name = schema.canonical_name(one.name).value();
    std::vector<std::string> errors;
    declaration.attributes = resource::Normalize(schema, declaration.name, one.declared, &errors);
    EXPECT_TRUE(errors.empty());
    undo::Subject subject{
        {declaration.Id()},
        undo::ThingsOf(declaration, schema.footprint(declaration.name, declaration.attributes))};
    EXPECT_FALSE(subject.things.empty());
    for (const undo::Thing& thing : subject.things) {
      has_packages_ = has_packages_ || thing.kind == undo::Kind::kPackages;
    }
    return subject;
  }

  testing::TempFolder folder_;
  World world_;
  std::unique_ptr<undo::Store> store_;
  std::vector<std::string> former_;
  std::map<std::string, std::string> disk_;
  bool has_packages_ = false;
  int undone_ = 0;
};

class UndoContractTest : public ::testing::TestWithParam<ContractCase> {};

TEST_P(UndoContractTest, ApplyThenUndoRestoresWhatWas) {
  Applied applied(GetParam());
  applied.ExpectUndone();
  applied.ExpectUndone();  // Once more does nothing and is no error.
}

TEST_P(UndoContractTest, ThePlanSaysThatAllOfItIsCoveredAndWritesNothing) {
  Applied applied(GetParam());
  applied.world().host().calls().ClearLog();
  const auto plan =
      undo::MakePlan(applied.store(), kRun, {}, applied.world().host(), Deadline::Never());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->covered, plan->total) << plan->Coverage();
  EXPECT_EQ(applied.world().host().calls().writes(), 0U);
}

TEST_P(UndoContractTest, UndoKilledAfterAnyWriteCanBeRunAgain) {
  for (std::size_t k = 1; k <= kMostCalls; ++k) {
    SCOPED_TRACE(fmt::format("killed after write {}", k));
    Applied applied(GetParam());
    applied.world().host().calls().CrashAfterWrite(k);
    const auto undone = applied.Undo();
    const bool killed = applied.world().host().calls().crashed();
    applied.world().host().calls().ClearFaults();
    applied.ExpectUndone();
    if (!killed) {
      EXPECT_TRUE(undone.ok());
      return;
    }
  }
  ADD_FAILURE() << "more than " << kMostCalls << " writes";
}

TEST_P(UndoContractTest, AFailedCallIsToldAndTheNextTryPutsBack) {
  for (std::size_t k = 1; k <= kMostCalls; ++k) {
    SCOPED_TRACE(fmt::format("the {}th call fails", k));
    Applied applied(GetParam());
    applied.world().host().calls().FailCall(k, absl::UnavailableError("injected fault"));
    (void)applied.Undo();
    const bool struck = applied.world().host().calls().fault_struck();
    applied.world().host().calls().ClearFaults();
    applied.ExpectUndone();
    if (!struck) {
      EXPECT_GT(k, 1U);
      return;
    }
  }
  ADD_FAILURE() << "more than " << kMostCalls << " calls";
}

// Cases that change something of which it is known what it is.
std::vector<ContractCase> Cases() {
  std::vector<ContractCase> cases = AllContractCases();
  std::erase_if(cases, [](const ContractCase& one) {
    return !one.can_apply || !one.differs_at_first || one.type == "exec" || one.type == "check" ||
           one.type == "reboot";
  });
  return cases;
}

std::string CaseName(const ::testing::TestParamInfo<ContractCase>& info) {
  return fmt::format("{}_{}", info.param.type, info.param.label);
}

INSTANTIATE_TEST_SUITE_P(Modules, UndoContractTest, ::testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace fettle::contract
