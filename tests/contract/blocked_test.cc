// SPDX-License-Identifier: Apache-2.0
// Packages whose lock somebody else holds: blocked, nothing changed, and brought about by the next
// run.
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/journal/journal.h"
#include "modules/types.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_folder.h"

namespace fettle::contract {
namespace {

using resource::State;
using ::testing::HasSubstr;

class BlockedTest : public ::testing::Test {
 protected:
  BlockedTest() {
    for (const char* const name : {"one", "two"}) {
      testing::FakePackage package;
      package.name = name;
      host_.apt().AddAvailable(package);
      Add("package", name, {});
    }
    Add("file", "/etc/apart", {{"content", "apart"}});
    Add("file", "/etc/needs", {{"content", "needs"}});
    catalog_.resources.back().relations = {{resource::RelationKind::kRequires, 1}};
    host_.disk().PutDirectory("/etc");
  }

  void Add(std::string_view type, std::string_view name, const resource::Value::Map& declared) {
    resource::Declaration declaration;
    declaration.type = type;
    declaration.name = name;
    declaration.attributes = testing::DeclaredAttributes(*FindType(type)->schema, name, declared);
    catalog_.resources.push_back(std::move(declaration));
  }

  resource::RunReport Run() {
    engine::Engine engine(FindType, host_.clock(), journal_.get());
    return engine.Run(catalog_, host_, {}).value();
  }

  static State StateOf(const resource::RunReport& report, std::string_view id) {
    for (const resource::ResourceReport& one : report.resources) {
      if (one.id == id) {
        return one.state;
      }
    }
    return State::kOk;
  }

  testing::TempFolder folder_;
  testing::FakeHost host_;
  std::unique_ptr<journal::Journal> journal_ = journal::Journal::Open(folder_.path()).value();
  resource::Catalog catalog_;
};

TEST_F(BlockedTest, WhatTheLockKeepsFromBeingDoneIsBlockedAndTheRestGoesOn) {
  host_.apt().SetLockHolder("unattended-upgr (pid 812)");
  const resource::RunReport report = Run();
  EXPECT_EQ(StateOf(report, "package:one"), State::kBlocked);
  EXPECT_EQ(StateOf(report, "package:two"), State::kBlocked);
  EXPECT_EQ(StateOf(report, "file:/etc/needs"), State::kSkipped);
  EXPECT_EQ(StateOf(report, "file:/etc/apart"), State::kChanged);
  EXPECT_THAT(report.resources.front().error, HasSubstr("unattended-upgr (pid 812)"));
  EXPECT_EQ(report.counts.failed, 0);
}

TEST_F(BlockedTest, TheNextRunBringsItAboutOnceTheLockIsFree) {
  host_.apt().SetLockHolder("unattended-upgr (pid 812)");
  EXPECT_EQ(Run().counts.blocked, 2);
  EXPECT_EQ(Run().counts.blocked, 2);
  host_.apt().SetLockHolder("");
  EXPECT_EQ(Run().counts.changed, 3);
  EXPECT_EQ(Run().counts.ok, 4);
}

}  // namespace
}  // namespace fettle::contract
