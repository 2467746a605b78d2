// SPDX-License-Identifier: Apache-2.0
//
// Who is told of what, also across failures, kills and restarts of the agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/leftovers.h"
#include "tests/support/engine_run.h"

namespace fettle::engine {
namespace {

using resource::RelationKind;
using resource::RunReport;
using resource::State;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NotifyTest : public EngineRun {
 protected:
  // Two files of which a running daemon is told.
  void TwoFilesAndADaemon(RelationKind first, RelationKind second) {
    catalog_.Add("text:/conf/a", {{"content", "a"}});
    catalog_.Add("text:/conf/b", {{"content", "b"}});
    catalog_.Add("daemon:web");
    catalog_.Relate("daemon:web", first, "text:/conf/a");
    catalog_.Relate("daemon:web", second, "text:/conf/b");
    host_.disk().PutFile("/run/web", "1");
  }

  bool Pending() const { return !journal_->knowledge().pending().empty(); }
};

TEST_F(NotifyTest, IsToldOnceAfterAllAndRestartWins) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kReload);
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b", "restart web"));
  EXPECT_EQ(Of(report, "daemon:web").state, State::kOk);
  EXPECT_EQ(Of(report, "daemon:web").refreshed, "restarted because of text:/conf/a, text:/conf/b");
  EXPECT_FALSE(Pending());
  Run();
  EXPECT_THAT(done(), IsEmpty());
}

TEST_F(NotifyTest, WhatDoesNotReactIsNotSaidToBeRestarted) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kRestart);
  host_.disk().PutFile("/stopped/web", "");
  const RunReport report = Run();
  EXPECT_EQ(Of(report, "daemon:web").refreshed, "");
  EXPECT_EQ(report.counts.changed, 2);
  EXPECT_FALSE(Pending());
}

TEST_F(NotifyTest, ReloadsWhereNoRestartIsAskedFor) {
  TwoFilesAndADaemon(RelationKind::kReload, RelationKind::kReload);
  Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b", "reload web"));
}

TEST_F(NotifyTest, WhatWasJustStartedIsNotRestarted) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kRestart);
  host_.disk().Delete("/run/web");
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b", "start web"));
  EXPECT_FALSE(Pending());
  EXPECT_EQ(Of(report, "daemon:web").refreshed, "");
}

TEST_F(NotifyTest, AChangeThatFailedTellsNobody) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  catalog_.At("text:/conf/a").attributes.Set("broken", true);
  Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b"));
}

TEST_F(NotifyTest, AFailedChangeThatTookEffectAfterAllTellsInTheNextRun) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  catalog_.At("text:/conf/a").attributes.Set("broken", true);
  Run();
  host_.disk().PutFile("/conf/a", "a");
  Restart();
  Run();
  EXPECT_THAT(done(), ElementsAre("restart web"));
}

// ansible#10498: the file was written, then something failed before the restart.
TEST_F(NotifyTest, ARestartThatFailedIsDoneByTheNextRun) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  host_.disk().PutFile("/broken/web", "");
  RunReport report = Run();
  EXPECT_EQ(Of(report, "daemon:web").state, State::kFailed);
  EXPECT_THAT(Of(report, "daemon:web").error, HasSubstr("web does not come up"));
  EXPECT_EQ(Of(report, "daemon:web").refreshed, "restart pending because of text:/conf/a");
  Restart();
  host_.disk().Delete("/broken/web");
  report = Run();
  EXPECT_THAT(done(), ElementsAre("restart web"));
  EXPECT_EQ(report.counts.ok, 3);
  EXPECT_FALSE(Pending());
}

TEST_F(NotifyTest, IsHeldWhileAPrerequisiteFailedAndDoneOnceItIsMended) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kRequires);
  catalog_.At("text:/conf/b").attributes.Set("broken", true);
  RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b"));
  EXPECT_EQ(Of(report, "daemon:web").refreshed,
            "restart pending because of text:/conf/a (held: text:/conf/b failed)");
  catalog_.At("text:/conf/b").attributes.Set("broken", false);
  Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/b", "restart web"));
}

// Power goes after every single write of the run in turn; whatever was reached, the next runs must
// end with the daemon started after the last change of its file.
TEST_F(NotifyTest, NoKillBetweenChangeAndRestartLosesTheRestart) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kRestart);
  for (std::size_t writes = 1; writes <= 3; ++writes) {
    host_.disk().PutFile("/conf/a", "old");
    host_.disk().PutFile("/conf/b", "old");
    host_.disk().PutFile("/run/web", "1");
    host_.calls().CrashAfterWrite(writes);
    Run();
    host_.calls().ClearFaults();
    Restart();
    Run();
    Run();
    EXPECT_EQ(host_.disk().Content("/conf/a"), "a") << writes;
    EXPECT_NE(host_.disk().Content("/run/web"), "1") << writes;
    EXPECT_FALSE(Pending()) << writes;
  }
}

// The same for files that are changed in one go.
TEST_F(NotifyTest, NoKillWithinABatchLosesTheRestartOrAFile) {
  for (const char* name : {"a", "b", "c"}) {
    catalog_.Add(std::string("page:/conf/") + name, {{"content", name}});
  }
  catalog_.Add("daemon:web");
  catalog_.Relate("daemon:web", RelationKind::kRestart, "page:/conf/b");
  for (std::size_t writes = 1; writes <= 4; ++writes) {
    for (const char* path : {"/conf/a", "/conf/b", "/conf/c"}) {
      host_.disk().PutFile(path, "old");
    }
    host_.disk().PutFile("/run/web", "1");
    host_.calls().CrashAfterWrite(writes);
    Run();
    EXPECT_TRUE(host_.calls().crashed()) << writes;
    host_.calls().ClearFaults();
    Restart();
    Run();
    Run();
    EXPECT_EQ(host_.disk().Content("/conf/a"), "a") << writes;
    EXPECT_EQ(host_.disk().Content("/conf/c"), "c") << writes;
    EXPECT_NE(host_.disk().Content("/run/web"), "1") << writes;
    EXPECT_FALSE(Pending()) << writes;
    EXPECT_TRUE(journal_->knowledge().open().empty()) << writes;
  }
}

TEST_F(NotifyTest, AFailureWithinABatchConcernsItselfAndWhatNeedsIt) {
  catalog_.Add("page:/conf/a", {{"content", "a"}});
  catalog_.Add("page:/conf/b", {{"content", "b"}, {"broken", true}});
  catalog_.Add("page:/conf/c", {{"content", "c"}});
  catalog_.Add("page:/conf/d", {{"content", "d"}});
  catalog_.Relate("page:/conf/d", RelationKind::kRequires, "page:/conf/b");
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("pages 3", "text /conf/a", "text /conf/b", "text /conf/c"));
  EXPECT_EQ(Of(report, "page:/conf/a").state, State::kChanged);
  EXPECT_EQ(Of(report, "page:/conf/b").state, State::kFailed);
  EXPECT_EQ(Of(report, "page:/conf/c").state, State::kChanged);
  EXPECT_EQ(Of(report, "page:/conf/d").state, State::kSkipped);
}

// The agent is killed (not its host) after the change and before anything else was recorded.
TEST_F(NotifyTest, AnIntentWithoutAnEndIsFollowedUp) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  Run();
  ASSERT_TRUE(journal_->Begin("killed run", Deadline::Expired()).ok());
  ASSERT_TRUE(journal_
                  ->Intend({"killed",
                            host_.clock().Now(),
                            {{"text:/conf/a", {{"daemon:web", resource::RefreshKind::kRestart}}}}})
                  .ok());
  Restart();
  EXPECT_FALSE(journal_->knowledge().open().empty());
  const RunReport report = Run({.only = {"text:/conf/b"}});
  EXPECT_THAT(done(), ElementsAre("restart web"));
  EXPECT_EQ(Of(report, "daemon:web").refreshed, "restarted because of text:/conf/a");
  EXPECT_TRUE(journal_->knowledge().open().empty());
}

TEST_F(NotifyTest, WhatAKilledRunLeftBehindIsRemovedEvenIfItIsNoLongerDeclared) {
  const std::string left = "/conf/.fettle-0123456789abcdef.tmp~";
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  Run();
  ASSERT_TRUE(journal_->Begin("killed run", Deadline::Expired()).ok());
  ASSERT_TRUE(
      journal_->Intend({"killed", host_.clock().Now(), {{"text:/conf/gone", {}}}, {"/conf"}}).ok());
  host_.disk().PutFile(left, "half");
  host_.disk().PutFile("/conf/.fettle-of-somebody", "stays");
  Restart();
  Plan();
  EXPECT_TRUE(host_.disk().Exists(left)) << "a plan changes nothing";
  Run();
  EXPECT_FALSE(host_.disk().Exists(left));
  EXPECT_TRUE(host_.disk().Exists("/conf/.fettle-of-somebody"));
  EXPECT_TRUE(journal_->knowledge().folders().empty());
}

TEST_F(NotifyTest, TemporariesAreLookedForWhereLinksLeadToAsWell) {
  host_.disk().PutDirectory("/real/deep");
  host_.disk().PutFile("/real/deep/a", "a");
  host_.disk().PutLink("/conf/up", "../real/deep/a");
  host_.disk().PutLink("/conf/round", "/conf/round");
  const resource::Footprint linked{{"path:/conf/up"}, {}, {"content:/top", "path:/not/this"}};
  EXPECT_THAT(FoldersOf(linked, host_), ElementsAre("/conf", "/conf/../real/deep", "/"));
  const resource::Footprint round{{"path:/conf/round"}, {}, {}};
  EXPECT_THAT(FoldersOf(round, host_), Each("/conf"));
}

TEST_F(NotifyTest, WhatWasRestartedByOthersSinceIsNotRestartedAgain) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  host_.disk().PutFile("/broken/web", "");
  Run();
  host_.disk().Delete("/broken/web");
  host_.clock().Advance(absl::Seconds(5));
  host_.disk().PutFile("/run/web", std::to_string(absl::ToUnixMicros(host_.clock().Now())));
  Run();
  EXPECT_THAT(done(), IsEmpty());
  EXPECT_FALSE(Pending());
}

TEST_F(NotifyTest, AnAuditedResourceIsNotToldButItIsSaid) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  catalog_.At("daemon:web").enforce = false;
  const RunReport report = Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "text /conf/b"));
  EXPECT_EQ(Of(report, "daemon:web").refreshed,
            "restart pending because of text:/conf/a (audit only)");
}

TEST_F(NotifyTest, WhoIsRefreshedTellsThoseWhoAreToldOfIt) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("daemon:db");
  catalog_.Add("daemon:web");
  catalog_.Relate("daemon:db", RelationKind::kRestart, "text:/conf/a");
  catalog_.Relate("daemon:web", RelationKind::kReload, "daemon:db");
  host_.disk().PutFile("/run/web", "1");
  host_.disk().PutFile("/run/db", "1");
  EXPECT_EQ(Of(Plan(), "daemon:web").refreshed, "would be reloaded because of daemon:db");
  Run();
  EXPECT_THAT(done(), ElementsAre("text /conf/a", "restart db", "reload web"));
  EXPECT_FALSE(Pending());
}

TEST_F(NotifyTest, APendingRefreshOfWhatIsNoLongerDeclaredIsDropped) {
  TwoFilesAndADaemon(RelationKind::kRestart, RelationKind::kAfter);
  host_.disk().PutFile("/broken/web", "");
  Run();
  EXPECT_TRUE(Pending());
  catalog_ = CatalogForTest();
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  Run();
  EXPECT_FALSE(Pending());
}

}  // namespace
}  // namespace fettle::engine
