// SPDX-License-Identifier: Apache-2.0
// Services that a run has started, stopped or told of changes are as before once it is undone.
#include "agent/undo/confirm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/undo/undo.h"
#include "modules/types.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle {
namespace {

using resource::RelationKind;
using resource::Value;
using ::testing::ElementsAre;

constexpr char kFile[] = "/etc/ssh/sshd_config";
constexpr char kUnit[] = "ssh.service";

class UndoneServiceTest : public ::testing::Test {
 protected:
  UndoneServiceTest() {
    host_.disk().PutDirectory("/etc/ssh");
    host_.disk().PutFile(kFile, "old\n");
    host_.systemd().Add(kUnit);
    Open();
  }

  void Open() {
    store_.reset();
    journal_.reset();
    journal_ = journal::Journal::Open(folder_.path()).value();
    store_ = undo::Store::Open(folder_.path() + "/undo").value();
  }

  void Add(std::string_view type, std::string_view name, const Value::Map& declared) {
    const resource::ResourceType& found = *FindType(type);
    resource::Declaration declaration;
    declaration.type = type;
    declaration.name = found.schema->canonical_name(name).value();
    declaration.attributes = testing::DeclaredAttributes(*found.schema, name, declared);
    declaration.position = {"init.lua", 1, {}};
    catalog_.resources.push_back(std::move(declaration));
  }

  // The file, and then the service, which is restarted when the file changes.
  void Declare(const std::string& content, const Value::Map& service) {
    catalog_.resources.clear();
    Add("file", kFile, {{"content", content}});
    Add("service", "ssh", service);
    catalog_.resources.back().relations = {{RelationKind::kRestart, 0}};
  }

  std::string Run() {
    host_.clock().Advance(absl::Seconds(1));
    engine::Engine engine(FindType, host_.clock(), journal_.get(), store_.get());
    engine::RunOptions options;
    options.state_dir = folder_.path();
    options.confirm_dir = folder_.path();
    const auto report = engine.Run(catalog_, host_, options);
    EXPECT_OK(report.status());
    return report.ok() ? report->id : "";
  }

  resource::RunReport Undo() {
    host_.clock().Advance(absl::Seconds(1));
    const auto pending = undo::ReadPending(folder_.path());
    const auto report = undo::UndoPending(pending.value_or(undo::Pending()),
                                          {.state_dir = folder_.path(), .host = "web1"},
                                          *store_,
                                          *journal_,
                                          host_,
                                          host_.clock());
    EXPECT_OK(report.status());
    return report.value_or(resource::RunReport());
  }

  sys::UnitState Unit() { return host_.units().Unit(kUnit, Deadline::Never()).value(); }

  testing::TempFolder folder_;
  testing::FakeHost host_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<undo::Store> store_;

  // What the last step did that concerns the file and the unit, in order.
  std::vector<std::string> Done() {
    std::vector<std::string> done;
    for (const testing::FakeCall& call : host_.calls().log()) {
      const bool concerns =
          call.what.find(kFile) != std::string::npos || call.what.find(kUnit) != std::string::npos;
      if (call.write && concerns) {
        done.push_back(call.what.substr(0, call.what.find(' ')));
      }
    }
    done.erase(done.begin(), done.begin() + static_cast<std::ptrdiff_t>(seen_));
    seen_ += done.size();
    return done;
  }

  std::size_t seen_ = 0;
  resource::Catalog catalog_;
};

TEST_F(UndoneServiceTest, OneThatWasToldIsToldAgainOnceItsFileIsBack) {
  host_.systemd().Activate(kUnit);
  Declare("new\n", {{"running", true}});
  Run();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Restart"));
  EXPECT_EQ(undo::ReadPending(folder_.path())->resources.size(), 2U);
  EXPECT_EQ(Undo().counts.reverted, 1);
  EXPECT_THAT(Done(), ElementsAre("Replace", "Restart"));
  EXPECT_EQ(host_.disk().Content(kFile), "old\n");
}

TEST_F(UndoneServiceTest, OneThatWasEnabledBesidesIsToldAgainAllTheSame) {
  host_.systemd().Activate(kUnit);
  Declare("new\n", {{"running", true}, {"enabled", true}});
  Run();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Enable", "Restart"));
  Undo();
  EXPECT_THAT(Done(), ElementsAre("Disable", "Replace", "Restart"));
  EXPECT_EQ(Unit().unit_file_state, "disabled");
}

TEST_F(UndoneServiceTest, OneThatWasStoppedIsStartedOnceItsFileIsBack) {
  host_.systemd().Activate(kUnit);
  Declare("new\n", {{"running", false}});
  Run();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Stop"));
  Undo();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Start"));
  EXPECT_TRUE(Unit().active());
}

TEST_F(UndoneServiceTest, OneThatWasStartedIsStopped) {
  Declare("new\n", {{"running", true}});
  Run();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Start"));
  Undo();
  EXPECT_THAT(Done(), ElementsAre("Stop", "Replace"));
  EXPECT_FALSE(Unit().active());
}

TEST_F(UndoneServiceTest, OneThatALaterRunToldIsToldAgainAfterTheChangeOfTheFirst) {
  host_.systemd().Activate(kUnit);
  Declare("new\n", {{"running", true}});
  host_.calls().FailMatching("Restart", absl::UnavailableError("the agent was killed"));
  Run();
  host_.calls().ClearFaults();
  Open();
  Run();
  EXPECT_EQ(undo::ReadPending(folder_.path())->runs.size(), 2U);
  Done();
  Undo();
  EXPECT_THAT(Done(), ElementsAre("Replace", "Restart"));
}

}  // namespace
}  // namespace fettle
