// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/engine_run.h"

namespace fettle::engine {
namespace {

using resource::Cause;
using resource::RelationKind;
using resource::RunReport;
using resource::State;
using resource::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EngineTest : public EngineRun {};

TEST_F(EngineTest, BringsAboutInTheOrderWrittenAndTheSecondRunIsQuiet) {
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  const RunReport first = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/b", "text /conf/a"));
  EXPECT_EQ(first.counts.changed, 2);
  EXPECT_EQ(resource::ExitCode(first), 2);
  host_.calls().ClearLog();
  const RunReport second = Run();
  EXPECT_EQ(second.counts.ok, 2);
  EXPECT_THAT(second.resources, IsEmpty());
  EXPECT_EQ(host_.calls().writes(), 0U);
  EXPECT_EQ(resource::ExitCode(second), 0);
  EXPECT_EQ(second.states, first.states);
}

TEST_F(EngineTest, AQuietRunWritesNothingToTheJournalEither) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  Run();
  const std::string log = folder_.path() + "/journal";
  const auto before = std::filesystem::last_write_time(log);
  const auto size = std::filesystem::file_size(log);
  Run();
  EXPECT_EQ(std::filesystem::last_write_time(log), before);
  EXPECT_EQ(std::filesystem::file_size(log), size);
}

TEST_F(EngineTest, APlanWritesNothingAndSaysWhatARunWouldDo) {
  catalog_.Add("text:/conf/a", {{"content", "a\n"}});
  catalog_.Add("daemon:web");
  catalog_.Relate("daemon:web", RelationKind::kRestart, "text:/conf/a");
  host_.disk().PutFile("/run/web", "1");
  const std::uintmax_t journal = std::filesystem::file_size(folder_.path() + "/journal");
  const auto disk = host_.disk().Everything();
  const RunReport plan = Plan();
  EXPECT_EQ(host_.disk().Everything(), disk);
  EXPECT_EQ(host_.calls().writes(), 0U);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() + "/journal"), journal);
  EXPECT_EQ(Of(plan, "text:/conf/a").state, State::kDrifted);
  EXPECT_EQ(Of(plan, "daemon:web").refreshed, "would be restarted because of text:/conf/a");
  EXPECT_EQ(resource::ExitCode(plan), 2);
}

TEST_F(EngineTest, AuditOfARunOfAHostOrOfAResourceChangesNothing) {
  catalog_.Add("text:/conf/a", {{"content", "a"}}).enforce = false;
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  RunReport report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kDrifted);
  EXPECT_EQ(Of(report, "text:/conf/b").state, State::kChanged);
  EXPECT_THAT(done(), ElementsAre("text /conf/b"));
  host_.disk().PutFile("/conf/b", "x");
  report = Run({.enforce = false});
  EXPECT_EQ(report.counts.drifted, 2);
  EXPECT_FALSE(report.enforce);
  report = Run({.paused = true});
  EXPECT_EQ(report.counts.drifted, 2);
  EXPECT_THAT(Of(report, "text:/conf/b").error, HasSubstr("paused"));
  EXPECT_THAT(done(), IsEmpty());
}

TEST_F(EngineTest, AFailureSkipsWhatNeedsItAndNothingElse) {
  catalog_.Add("text:/conf/a", {{"content", "a"}, {"broken", true}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  catalog_.Add("text:/conf/c", {{"content", "c"}});
  catalog_.Add("text:/conf/d", {{"content", "d"}});
  catalog_.Relate("text:/conf/b", RelationKind::kRequires, "text:/conf/a");
  catalog_.Relate("text:/conf/c", RelationKind::kRequires, "text:/conf/b");
  catalog_.Relate("text:/conf/d", RelationKind::kAfter, "text:/conf/a");
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/d"));
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kFailed);
  EXPECT_THAT(Of(report, "text:/conf/a").error, HasSubstr("cannot write a"));
  EXPECT_EQ(Of(report, "text:/conf/b").state, State::kSkipped);
  EXPECT_EQ(Of(report, "text:/conf/c").state, State::kSkipped);
  EXPECT_EQ(Of(report, "text:/conf/c").root_cause, "text:/conf/a");
  EXPECT_EQ(Of(report, "text:/conf/d").state, State::kChanged);
  EXPECT_EQ(resource::ExitCode(report), 6);
}

TEST_F(EngineTest, WhatDoesNotComeToRestIsFailedWithWhatStillDiffers) {
  catalog_.Add("text:/conf/a", {{"content", "a"}, {"stubborn", true}});
  host_.disk().PutFile("/conf/a", "x");
  const RunReport report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kFailed);
  EXPECT_EQ(Of(report, "text:/conf/a").error,
            "did not come to rest: after it was applied, content is x, not a");
}

TEST_F(EngineTest, RetriesAsOftenAsDeclared) {
  catalog_.Add("text:/conf/a", {{"content", "a"}, {"broken", true}}).retries = 2;
  catalog_.Add("text:/conf/b", {{"content", "b"}, {"flaky", true}}).retries = 2;
  const RunReport report = Run();
  EXPECT_THAT(
      done(),
      ElementsAre("text /conf/a", "text /conf/a", "text /conf/a", "text /conf/b", "text /conf/b"));
  EXPECT_EQ(Of(report, "text:/conf/b").state, State::kChanged);
  EXPECT_EQ(Of(report, "text:/conf/b").error, "");
}

TEST_F(EngineTest, WhatAnEarlierChangeTouchedIsLookedAtAgain) {
  catalog_.Add("step:s");
  catalog_.Add("watch:there", {{"file", "/done/s"}});
  const RunReport report = Run();
  EXPECT_EQ(Of(report, "step:s").state, State::kChanged);
  EXPECT_EQ(Of(report, "watch:there").id, "");
  EXPECT_EQ(report.counts.ok, 1);
}

TEST_F(EngineTest, ACheckThatDoesNotHoldIsFailed) {
  catalog_.Add("watch:there", {{"file", "/nowhere"}});
  const RunReport report = Run();
  EXPECT_EQ(Of(report, "watch:there").state, State::kFailed);
  EXPECT_EQ(Of(report, "watch:there").error, "/nowhere is not there");
}

TEST_F(EngineTest, AGuardThatDoesNotHoldLeavesItAlone) {
  catalog_.Add("text:/conf/a", {{"content", "a"}}).guards = {
      {resource::Guard::Test::kFileExists, {"/conf/flag"}, false}};
  RunReport report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kUnknown);
  EXPECT_EQ(Of(report, "text:/conf/a").error,
            "left alone: only if /conf/flag exists, which is not so");
  host_.disk().PutFile("/conf/flag", "");
  report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kChanged);
}

// The test's clock begins on a Thursday at midnight.
TEST_F(EngineTest, OutsideOfItsScheduleItIsLeftAloneAsDrift) {
  catalog_.Add("text:/conf/a", {{"content", "a"}}).schedule = "Thu 02:00-03:00";
  RunReport report = Run({.schedule_zone = absl::UTCTimeZone()});
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kDrifted);
  EXPECT_EQ(Of(report, "text:/conf/a").error, "left alone until its schedule: Thu 02:00-03:00");
  EXPECT_THAT(done(), IsEmpty());
  host_.clock().Advance(absl::Hours(2));
  report = Run({.schedule_zone = absl::UTCTimeZone()});
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kChanged);
}

TEST_F(EngineTest, ByHandItIsChangedAlsoOutsideOfItsSchedule) {
  catalog_.Add("text:/conf/a", {{"content", "a"}}).schedule = "Thu 02:00-03:00";
  EXPECT_EQ(Of(Run(), "text:/conf/a").state, State::kChanged);
}

TEST_F(EngineTest, SaysWhyADifferenceIsThere) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  EXPECT_EQ(Of(Run(), "text:/conf/a").cause, Cause::kFirstSight);
  host_.disk().PutFile("/conf/a", "x");
  RunReport report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").cause, Cause::kDrift);
  EXPECT_EQ(Of(report, "text:/conf/a").differences[0].last_set, "a");
  catalog_.At("text:/conf/a").attributes.Set("content", "b");
  report = Run();
  EXPECT_EQ(Of(report, "text:/conf/a").cause, Cause::kIntended);
  EXPECT_EQ(Of(report, "text:/conf/a").differences[0].last_set, "a");
  catalog_.At("text:/conf/a").attributes.Set("content", "c");
  host_.disk().PutFile("/conf/a", "x");
  Restart();
  EXPECT_EQ(Of(Run(), "text:/conf/a").cause, Cause::kDrift);
}

// A line, or what a command creates, is looked for by its own value.
TEST_F(EngineTest, WhatIsLookedForByAnotherValueIsNoDriftForNotBeingThere) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  Run();
  host_.disk().Delete("/conf/a");
  catalog_.At("text:/conf/a").attributes.Set("content", "b");
  EXPECT_EQ(Of(Run(), "text:/conf/a").cause, Cause::kIntended);
  host_.disk().Delete("/conf/a");
  EXPECT_EQ(Of(Run(), "text:/conf/a").cause, Cause::kDrift);
}

TEST_F(EngineTest, WhatWasOnceSeenAtRestIsDriftWhenItIsOffAlthoughWeNeverSetIt) {
  host_.disk().PutFile("/conf/a", "a");
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  Run();
  Restart();
  host_.disk().PutFile("/conf/a", "x");
  EXPECT_EQ(Of(Run({.enforce = false}), "text:/conf/a").cause, Cause::kDrift);
  EXPECT_EQ(Of(Plan(), "text:/conf/a").cause, Cause::kDrift);
}

TEST_F(EngineTest, LooksOnlyAtWhatItIsAskedToAndAtWhoIsToldOfIt) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  catalog_.Add("daemon:web");
  catalog_.Relate("daemon:web", RelationKind::kReload, "text:/conf/a");
  host_.disk().PutFile("/run/web", "1");
  const RunReport report = Run({.only = {"text:/conf/a", "text:/gone"}});
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "reload web"));
  EXPECT_EQ(report.counts.total(), 2);
  EXPECT_TRUE(report.states.empty());
}

TEST_F(EngineTest, WhatNeedsSomethingThatIsOffIsSkippedAlsoByARunThatLooksAtItAlone) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  catalog_.Relate("text:/conf/b", RelationKind::kRequires, "text:/conf/a");
  RunReport report = Run({.only = {"text:/conf/b"}});
  EXPECT_EQ(Of(report, "text:/conf/b").state, State::kSkipped);
  EXPECT_EQ(Of(report, "text:/conf/b").error, "skipped: text:/conf/a is not as declared");
  EXPECT_EQ(report.counts.total(), 1);
  EXPECT_THAT(done(), IsEmpty());

  report = Run({.only = {"text:/conf/a"}});
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b"));
  EXPECT_EQ(report.counts.changed, 2);
}

TEST_F(EngineTest, AResourceTypeThatIsMissingRefusesTheWholeRun) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("firewall:x");
  const absl::StatusOr<RunReport> report = engine_->Run(catalog_.Get(), host_, {});
  EXPECT_TRUE(absl::IsInvalidArgument(report.status()));
  EXPECT_THAT(std::string(Message(report.status())), HasSubstr("no resource type \"firewall\""));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(EngineTest, ASecondRunWaitsForTheFirstAndNamesItWhenItGivesUp) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  const std::unique_ptr<journal::Journal> other = journal::Journal::Open(folder_.path()).value();
  ASSERT_TRUE(other->Begin("sweep, run X", Deadline::Expired()).ok());
  const absl::StatusOr<RunReport> report =
      engine_->Run(catalog_.Get(), host_, {.deadline = Deadline::Expired()});
  EXPECT_TRUE(absl::IsUnavailable(report.status()));
  EXPECT_THAT(std::string(Message(report.status())), HasSubstr("sweep, run X"));
  EXPECT_THAT(done(), IsEmpty());
}

TEST_F(EngineTest, TellsOfEachResourceAsSoonAsItIsKnown) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  host_.disk().PutFile("/conf/b", "b");
  std::vector<std::string> told;
  Run({.on_resource = [&](const resource::ResourceReport& report) { told.push_back(report.id); }});
  EXPECT_THAT(told, ElementsAre("text:/conf/a"));
}

TEST_F(EngineTest, PackagesAreOneBatchAndEachIsVerifiedOnItsOwn) {
  catalog_.Add("pack:a");
  catalog_.Add("text:/conf/x", {{"content", "x"}});
  catalog_.Add("pack:bad");
  catalog_.Add("pack:c");
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("batch a bad c", "text /conf/x"));
  EXPECT_EQ(Of(report, "pack:bad").state, State::kFailed);
  EXPECT_EQ(report.counts.changed, 3);
  EXPECT_THAT(journal_->knowledge().open(), IsEmpty());
}

TEST_F(EngineTest, WhatSomebodyElseHoldsIsBlockedAndItsDependentsWait) {
  catalog_.Add("pack:held");
  catalog_.Add("pack:free");
  catalog_.Add("text:/conf/needs", {{"content", "x"}}).retries = 3;
  catalog_.Relate("text:/conf/needs", RelationKind::kRequires, "pack:held");
  const RunReport report = Run();
  EXPECT_EQ(Of(report, "pack:held").state, State::kBlocked);
  EXPECT_THAT(Of(report, "pack:held").error, HasSubstr("dpkg (pid 7"));
  EXPECT_EQ(Of(report, "pack:free").state, State::kChanged);
  EXPECT_EQ(Of(report, "text:/conf/needs").state, State::kSkipped);
  EXPECT_EQ(Of(report, "text:/conf/needs").error, "skipped: pack:held is blocked");
  EXPECT_EQ(report.counts.blocked, 1);
  EXPECT_EQ(report.counts.failed, 0);
  EXPECT_EQ(resource::ExitCode(report), 6);
  EXPECT_THAT(done(), ElementsAre("batch held free"));
  EXPECT_THAT(journal_->knowledge().open(), IsEmpty());
}

TEST_F(EngineTest, KeepsTheOldContentOfWhatItChanges) {
  catalog_.Add("text:/conf/a", {{"content", "new"}});
  host_.disk().PutFile("/conf/a", "old", testing::FakeAccess{0640, 1, 2});
  const RunReport report = Run();
  const undo::RunRecord kept = store_->Read(report.id).value();
  ASSERT_EQ(kept.changes.size(), 1U);
  const undo::ThingBefore& before = kept.changes[0].things.at(0);
  EXPECT_EQ(before.thing.name, "/conf/a");
  const undo::FilePart part = undo::DecodeFile(before.before.at(""));
  EXPECT_EQ(part.mode, 0640U);
  EXPECT_EQ(store_->Content(part.content).value(), "old");
}

TEST_F(EngineTest, ThatItCannotBeWrittenDownStopsTheChange) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  absl::StatusOr<std::unique_ptr<journal::Journal>> read_only =
      journal::Journal::ReadOnly(folder_.path());
  Engine engine(TypesForTest(), host_.clock(), read_only->get());
  EXPECT_FALSE(engine.Run(catalog_.Get(), host_, {}).ok());
  EXPECT_THAT(done(), IsEmpty());
}

TEST_F(EngineTest, WithoutAJournalItConvergesAndRemembersNothing) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("daemon:web");
  catalog_.Relate("daemon:web", RelationKind::kRestart, "text:/conf/a");
  host_.disk().PutFile("/run/web", "1");
  Engine engine(TypesForTest(), host_.clock(), nullptr);
  EXPECT_EQ(engine.Run(catalog_.Get(), host_, {})->counts.changed, 1);
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "restart web"));
}

// Each resource has a constant share of looks, whatever the size.
TEST_F(EngineTest, ALongChainCostsALinearNumberOfCalls) {
  constexpr std::size_t kCount = 2'000;
  resource::Catalog catalog;
  for (std::size_t i = 0; i < kCount; ++i) {
    resource::Declaration declaration;
    declaration.type = "text";
    declaration.name = fmt::format("/conf/{}", i);
    declaration.attributes.Set("content", "x");
    if (i > 0) {
      declaration.relations = {{RelationKind::kRequires, i - 1}};
    }
    catalog.resources.push_back(std::move(declaration));
  }
  Engine engine(TypesForTest(), host_.clock(), journal_.get());
  const RunReport report = engine.Run(catalog, host_, {}).value();
  EXPECT_EQ(report.counts.changed, static_cast<int32_t>(kCount));
  EXPECT_LT(host_.calls().reads(), kCount * 6);
  host_.calls().ClearLog();
  EXPECT_EQ(engine.Run(catalog, host_, {})->counts.ok, static_cast<int32_t>(kCount));
  EXPECT_EQ(host_.calls().reads(), kCount);
}

}  // namespace
}  // namespace fettle::engine
