// SPDX-License-Identifier: Apache-2.0
// What every resource type promises, run for every case that the modules bring.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "modules/schemas.h"
#include "tests/contract/contract_case.h"
#include "tests/contract/world.h"

namespace fettle::contract {
namespace {

constexpr std::size_t kMostCalls = 2000;  // Of one inspect and apply; beyond it a case is too big.
constexpr const char* kInjected = "injected fault";

class ContractTest : public ::testing::TestWithParam<ContractCase> {
 protected:
  // What each file may hold after an interrupted apply: what was there, or what will be.
  void SetUp() override {
    World world(GetParam());
    ASSERT_TRUE(world.usable());
    before_ = world.Contents();
    if (GetParam().can_apply) {
      EXPECT_TRUE(world.Converge().ok());
    }
    after_ = world.Contents();
  }

  static bool Holds(const std::map<std::string, std::string>& contents,
                    const std::string& path,
                    const std::string& content) {
    const auto found = contents.find(path);
    return found != contents.end() && found->second == content;
  }

  void ExpectNoTornFile(World& world, const std::string& when) const {
    for (const auto& [path, content] : world.Contents()) {
      EXPECT_TRUE(Holds(before_, path, content) || Holds(after_, path, content))
          << when << ": " << path << " holds neither old nor new content: " << content;
    }
    for (const auto& [path, content] : before_) {
      EXPECT_TRUE(world.host().disk().Exists(path) || !after_.contains(path))
          << when << ": " << path << " is lost";
    }
  }

  std::map<std::string, std::string> before_;
  std::map<std::string, std::string> after_;
};

TEST_P(ContractTest, LookingWritesNothing) {
  World world(GetParam());
  const auto before = world.host().disk().Everything();
  ASSERT_TRUE(world.Inspect().ok());
  EXPECT_EQ(world.host().calls().writes(), 0U);
  EXPECT_EQ(world.host().disk().Everything(), before);
}

TEST_P(ContractTest, ComesToRestInOneCall) {
  World world(GetParam());
  const absl::StatusOr<Differences> drift = world.Inspect();
  ASSERT_TRUE(drift.ok()) << drift.status();
  EXPECT_EQ(!drift->empty(), GetParam().differs_at_first);
  if (!GetParam().can_apply) {
    EXPECT_TRUE(absl::IsFailedPrecondition(world.Apply(*drift)));
    EXPECT_EQ(world.host().calls().writes(), 0U);
    return;
  }
  world.ExpectConverges();
  world.host().calls().ClearLog();
  EXPECT_TRUE(world.Converge().ok());
  EXPECT_EQ(world.host().calls().writes(), 0U) << "a resource at rest was written again";
}

TEST_P(ContractTest, SeesExactlyWhatWasChangedBehindItsBackAndPutsItRight) {
  const ContractCase& one = GetParam();
  for (const BehindItsBack& change : one.changes) {
    SCOPED_TRACE(change.attribute);
    World world(one);
    if (one.can_apply) {
      world.ExpectConverges();
    }
    change.change(world.host());
    const absl::StatusOr<Differences> drift = world.Inspect();
    ASSERT_TRUE(drift.ok()) << drift.status();
    std::vector<std::string> expected = change.differences;
    if (expected.empty()) {
      expected = {change.attribute};
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(AttributesOf(*drift), expected);
    for (const resource::Difference& difference : *drift) {
      EXPECT_NE(difference.current, difference.desired) << difference.attribute;
    }
    if (one.can_apply) {
      world.ExpectConverges();
    }
  }
}

TEST_P(ContractTest, HasAChangeForEveryDeclaredAttribute) {
  const ContractCase& one = GetParam();
  const resource::Schema* const schema = FindSchema(one.type);
  ASSERT_NE(schema, nullptr);
  std::set<std::string> covered;
  for (const BehindItsBack& change : one.changes) {
    covered.insert(change.attribute);
    EXPECT_NE(schema->Find(change.attribute), nullptr) << change.attribute;
  }
  for (const std::string& reason : one.unchangeable) {
    EXPECT_NE(reason.find(": "), std::string::npos) << reason << ": needs a reason";
    covered.insert(reason.substr(0, reason.find(':')));
  }
  for (const auto& [name, value] : one.declared) {
    const resource::AttributeSchema* const attribute = schema->Find(name);
    EXPECT_TRUE(attribute == nullptr || attribute->parameter || covered.contains(name))
        << name << " is declared, and nothing changes it behind its back";
  }
}

TEST_P(ContractTest, AFailedCallIsToldTearsNothingAndTheNextTryConverges) {
  const ContractCase& one = GetParam();
  World clean(one);
  const std::vector<std::string> due = AttributesOf(clean.Inspect().value());
  for (std::size_t k = 1; k <= kMostCalls; ++k) {
    SCOPED_TRACE(fmt::format("the {}th call fails", k));
    World world(one);
    world.host().calls().FailCall(k, absl::UnavailableError(kInjected));
    const absl::StatusOr<Differences> drift = world.Inspect();
    absl::Status done = drift.status();
    if (drift.ok()) {
      EXPECT_EQ(AttributesOf(*drift), due) << "a failed look was taken for an answer";
    }
    if (drift.ok() && !drift->empty() && one.can_apply) {
      done = world.Apply(*drift);
    }
    if (!world.host().calls().fault_struck()) {
      EXPECT_GT(k, 1U) << "nothing was asked of the host";
      return;
    }
    if (!done.ok()) {
      EXPECT_NE(Message(done).find(kInjected), std::string_view::npos)
          << "the cause is lost: " << done;
    }
    ExpectNoTornFile(world, "after the fault");
    world.host().calls().ClearFaults();
    if (one.can_apply) {
      world.ExpectConverges();
    }
  }
  ADD_FAILURE() << "more than " << kMostCalls << " calls";
}

TEST_P(ContractTest, AfterACrashEveryFileIsOldOrNewAndTheNextRunConverges) {
  const ContractCase& one = GetParam();
  for (std::size_t k = 1; one.can_apply && k <= kMostCalls; ++k) {
    SCOPED_TRACE(fmt::format("crash after write {}", k));
    World world(one);
    world.host().calls().CrashAfterWrite(k);
    const absl::Status done = world.Converge();
    if (!world.host().calls().crashed()) {
      EXPECT_TRUE(done.ok()) << done;
      return;
    }
    world.host().Reboot();
    ExpectNoTornFile(world, "after the crash");
    world.ExpectConverges();
  }
  EXPECT_FALSE(one.can_apply) << "more than " << kMostCalls << " writes";
}

TEST_P(ContractTest, AnExpiredDeadlineStopsBothAtOnce) {
  World world(GetParam());
  EXPECT_EQ(world.Inspect(Deadline::Expired()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  const Differences drift = world.Inspect().value();
  if (!GetParam().can_apply || drift.empty()) {
    return;
  }
  EXPECT_EQ(world.Apply(drift, Deadline::Expired()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(world.Contents(), before_);
}

std::string CaseName(const ::testing::TestParamInfo<ContractCase>& info) {
  return fmt::format("{}_{}", info.param.type, info.param.label);
}

INSTANTIATE_TEST_SUITE_P(Modules, ContractTest, ::testing::ValuesIn(AllContractCases()), CaseName);

}  // namespace
}  // namespace fettle::contract
