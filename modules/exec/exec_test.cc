// SPDX-License-Identifier: Apache-2.0
#include "modules/exec/exec.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::RefreshKind;
using resource::Value;
using ::testing::AllOf;
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::StatusIs;

class ExecTest : public ::testing::Test {
 protected:
  std::unique_ptr<resource::Resource> Exec(const Value::Map& declared) {
    return Declare(ExecType(), "make it", declared);
  }

  // From now on "make" exits so and leaves /out behind.
  void ScriptMake(int exit_code, bool leaves_out = true) {
    host_.programs().OnProgram(
        "make", exit_code, [leaves_out](testing::FakeHost& host, const sys::Command&) {
          if (leaves_out) {
            host.disk().PutFile("/out", "made");
          }
        });
  }

  absl::StatusOr<resource::Reaction> Refresh(const resource::Resource& exec) {
    return dynamic_cast<const resource::Refreshable&>(exec).Refresh(
        RefreshKind::kRestart, host_, Deadline::Never());
  }

  testing::FakeHost host_;
};

TEST_F(ExecTest, RunsUntilWhatItMakesIsThere) {
  ScriptMake(0);
  const auto exec = Exec({{"command", "make -s out"}, {"creates", "/out"}});
  EXPECT_THAT(Differences(*exec, host_), ElementsAre("creates: (absent) -> /out"));
  EXPECT_OK(BringAbout(*exec, host_));
  ASSERT_THAT(host_.programs().commands(), SizeIs(1));
  EXPECT_THAT(host_.programs().commands()[0].argv, ElementsAre("make", "-s", "out"));
  EXPECT_OK(BringAbout(*exec, host_));
  EXPECT_THAT(host_.programs().commands(), SizeIs(1));
}

TEST_F(ExecTest, RunsUntilItsCheckSucceeds) {
  host_.programs().OnProgram("is-made", 1);
  host_.programs().OnProgram("make", 0, [](testing::FakeHost& host, const sys::Command&) {
    host.programs().OnProgram("is-made", 0);
  });
  const auto exec = Exec({{"command", "make"}, {"check", "is-made"}});
  EXPECT_THAT(Differences(*exec, host_), ElementsAre("check: exit 1 -> exit 0"));
  EXPECT_OK(BringAbout(*exec, host_));
}

TEST_F(ExecTest, TakesACheckThatIsNotInstalledYetForADifference) {
  EXPECT_THAT(Differences(*Exec({{"command", "make"}, {"check", "is-made"}}), host_),
              ElementsAre("check: no such program -> exit 0"));
}

TEST_F(ExecTest, GivesTheCommandItsSurroundings) {
  ScriptMake(0);
  EXPECT_OK(BringAbout(*Exec({{"command", Value::List{"make", "a b"}},
                              {"creates", "/out"},
                              {"user", "ann"},
                              {"group", "www"},
                              {"cwd", "/srv"},
                              {"umask", "0077"},
                              {"input", Value::Secret("y\n")},
                              {"environment", Value::Map{{"LEVEL", 3}}}}),
                       host_));
  const sys::Command& command = host_.programs().commands().front();
  EXPECT_THAT(command.argv, ElementsAre("make", "a b"));
  EXPECT_EQ(command.user, "ann");
  EXPECT_EQ(command.group, "www");
  EXPECT_EQ(command.directory, "/srv");
  EXPECT_EQ(command.umask, 0077U);
  EXPECT_EQ(command.input, "y\n");
  EXPECT_EQ(command.environment.at("LEVEL"), "3");
}

TEST_F(ExecTest, UsesAShellOnlyWhereOneIsAskedFor) {
  host_.programs().OnProgram("/bin/sh", 0, [](testing::FakeHost& host, const sys::Command&) {
    host.disk().PutFile("/out", "");
  });
  EXPECT_OK(BringAbout(*Exec({{"shell", "a | b > /out"}, {"creates", "/out"}}), host_));
  EXPECT_THAT(host_.programs().commands()[0].argv, ElementsAre("/bin/sh", "-c", "a | b > /out"));
}

TEST_F(ExecTest, FailsWithTheOutputOnAnotherExitThanExpected) {
  sys::CommandResult result;
  result.exit_code = 2;
  result.err = "make: no rule";
  host_.programs().On([](const std::vector<std::string>&) { return true; }, result);
  EXPECT_THAT(BringAbout(*Exec({{"command", "make"}, {"creates", "/out"}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("make exited 2, expected was 0"), HasSubstr("no rule"))));
  host_.disk().Delete("/out");
  ScriptMake(2);
  EXPECT_OK(BringAbout(
      *Exec({{"command", "make"}, {"creates", "/out"}, {"expect_exit", Value::List{"0", "2"}}}),
      host_));
}

TEST_F(ExecTest, FailsWhenACommandSucceedsWithoutEffect) {
  ScriptMake(0, /*leaves_out=*/false);
  EXPECT_THAT(
      BringAbout(*Exec({{"command", "make"}, {"creates", "/out"}}), host_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/out is still not there")));
  host_.programs().OnProgram("is-made", 1);
  EXPECT_THAT(BringAbout(*Exec({{"command", "make"}, {"check", "is-made"}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("its check still fails")));
}

TEST_F(ExecTest, ShowsNoSecretThatTheCommandRepeats) {
  sys::CommandResult result;
  result.exit_code = 1;
  result.err = "wrong password: hunter2 (token abc123)";
  host_.programs().On([](const std::vector<std::string>&) { return true; }, result);
  const auto exec = Exec({{"command", "make"},
                          {"creates", "/out"},
                          {"input", "hunter2\n"},
                          {"environment", Value::Map{{"TOKEN", Value::Secret("abc123")}}}});
  EXPECT_THAT(BringAbout(*exec, host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("wrong password: (secret) (token (secret))"),
                             Not(HasSubstr("hunter2")))));
}

TEST_F(ExecTest, RunsOnNotificationAloneWhenRefreshOnly) {
  ScriptMake(0);
  const auto exec = Exec({{"command", "make"}, {"refresh_only", true}});
  EXPECT_THAT(Differences(*exec, host_), IsEmpty());
  EXPECT_THAT(host_.programs().commands(), IsEmpty());
  EXPECT_EQ(Refresh(*exec).value(), resource::Reaction::kRan);
  EXPECT_THAT(host_.programs().commands(), SizeIs(1));
}

TEST_F(ExecTest, ReportsAFailedRefresh) {
  ScriptMake(3);
  EXPECT_THAT(Refresh(*Exec({{"command", "make"}, {"refresh_only", true}})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("exited 3")));
}

TEST_F(ExecTest, KnowsThatItHasRunInThisRun) {
  ScriptMake(0);
  const auto exec = Exec({{"command", "make"}, {"creates", "/out"}});
  const auto& refreshable = dynamic_cast<const resource::Refreshable&>(*exec);
  EXPECT_EQ(refreshable.LastRefresh(host_, Deadline::Never()).value(), absl::InfinitePast());
  ASSERT_OK(BringAbout(*exec, host_));
  EXPECT_GT(refreshable.LastRefresh(host_, Deadline::Never()).value(), absl::InfinitePast());
}

TEST(ExecSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {{}, "only one of them"},
           {{{"command", "a"}, {"shell", "b"}, {"creates", "/x"}}, "only one of them"},
           {{{"command", "a"}}, "it would run every time"},
           {{{"command", "a"}, {"refresh_only", true}, {"creates", "/x"}}, "leave creates"},
           {{{"command", "a"}, {"creates", "x"}}, "absolute path"},
           {{{"command", "a"}, {"creates", "/x"}, {"expect_exit", "256"}}, "expect_exit"},
           {{{"command", "a"}, {"creates", "/x"}, {"expect_exit", "ok"}}, "expect_exit"},
           {{{"command", "a"}, {"creates", "/x"}, {"expect_exit", Value::List{}}}, "expect_exit"},
           {{{"shell", Value::Secret("a")}, {"creates", "/x"}}, "secret"},
           {{{"command", Value::List{"a", Value::Secret("b")}}, {"creates", "/x"}}, "secret"},
           {{{"command", "a"}, {"creates", "/x"}, {"environment", Value::Map{{"A=B", "c"}}}},
            "cannot be set"},
       }) {
    EXPECT_THAT(DeclarationErrors(ExecSchema(), "make it", one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.error;
  }
}

TEST(ExecSchemaTest, IsOpaqueAndNeedsWhatItRunsWith) {
  EXPECT_TRUE(ExecSchema().opaque);
  const auto footprint = ExecSchema().footprint(
      "x",
      testing::DeclaredAttributes(
          ExecSchema(),
          "x",
          {{"command", "/opt/run"}, {"creates", "/out"}, {"user", "ann"}, {"cwd", "/srv"}}));
  EXPECT_THAT(footprint.needs, ElementsAre("path:/opt/run", "path:/srv", "user:ann"));
  EXPECT_THAT(footprint.provides, ElementsAre("path:/out"));
}

}  // namespace
}  // namespace fettle::modules
