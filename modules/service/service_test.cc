// SPDX-License-Identifier: Apache-2.0
#include "modules/service/service.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::Reaction;
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
using testing::StatusIs;

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { host_.systemd().Add("web.service"); }

  std::unique_ptr<resource::Resource> Service(const Value::Map& declared,
                                              const std::string& name = "web") {
    return Declare(ServiceType(), name, declared);
  }

  absl::StatusOr<Reaction> Refresh(const resource::Resource& service, RefreshKind kind) {
    return dynamic_cast<const resource::Refreshable&>(service).Refresh(
        kind, host_, Deadline::Never());
  }

  sys::UnitState State(const std::string& unit = "web.service") {
    return host_.systemd().Unit(unit, Deadline::Never()).value();
  }

  std::size_t Calls(const std::string& text) { return host_.calls().CountMatching(text); }

  testing::FakeHost host_;
};

TEST_F(ServiceTest, StartsAndEnablesInOneRun) {
  const auto web = Service({{"running", true}, {"enabled", true}});
  EXPECT_THAT(Differences(*web, host_),
              ElementsAre("enabled: false -> true", "running: false -> true"));
  EXPECT_OK(BringAbout(*web, host_));
  EXPECT_TRUE(State().active());
  EXPECT_EQ(State().unit_file_state, "enabled");
}

TEST_F(ServiceTest, LeavesAloneWhatIsNotSaid) {
  host_.systemd().Activate("web.service");
  EXPECT_THAT(Differences(*Service({}), host_), IsEmpty());
  EXPECT_THAT(Differences(*Service({{"enabled", false}}), host_), IsEmpty());
  EXPECT_THAT(Differences(*Service({{"running", true}}), host_), IsEmpty());
}

TEST_F(ServiceTest, StopsAndDisables) {
  host_.systemd().Activate("web.service");
  host_.systemd().Edit("web.service").unit_file_state = "enabled";
  EXPECT_OK(BringAbout(*Service({{"running", false}, {"enabled", false}}), host_));
  EXPECT_FALSE(State().active());
  EXPECT_EQ(State().unit_file_state, "disabled");
}

TEST_F(ServiceTest, CallsAFailedUnitStoppedButNotRunning) {
  host_.systemd().Edit("web.service").active_state = "failed";
  EXPECT_THAT(Differences(*Service({{"running", false}}), host_), IsEmpty());
  EXPECT_THAT(Differences(*Service({{"running", true}}), host_),
              ElementsAre("running: failed -> true"));
}

TEST_F(ServiceTest, TakesAMissingUnitForADifferenceAndThenForAnError) {
  const auto missing = Service({{"running", true}, {"enabled", true}}, "missing");
  EXPECT_THAT(Differences(*missing, host_),
              ElementsAre("enabled: not found -> true", "running: not found -> true"));
  EXPECT_THAT(BringAbout(*missing, host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing.service does not exist")));
  EXPECT_THAT(Differences(*Service({{"running", false}, {"enabled", false}}, "missing"), host_),
              IsEmpty());
}

TEST_F(ServiceTest, FindsAUnitFileThatWasWrittenInTheSameRun) {
  const auto fresh = Service({{"running", true}}, "fresh");
  const auto drift = fresh->Inspect(host_, Deadline::Never()).value();
  host_.disk().PutFile("/etc/systemd/system/fresh.service", "[Service]\nExecStart=/bin/true\n");
  EXPECT_OK(fresh->Apply(drift, host_, Deadline::Never()));
  EXPECT_TRUE(State("fresh.service").active());
}

TEST_F(ServiceTest, ReloadsUnitFilesOnceAndOnlyWhenTheyChanged) {
  EXPECT_OK(BringAbout(*Service({{"running", true}}), host_));
  EXPECT_EQ(Calls("ReloadManager"), 0U);
  host_.disk().PutFile("/etc/systemd/system/a.service", "old");
  host_.disk().PutFile("/etc/systemd/system/b.service", "old");
  ASSERT_FALSE(State("a.service").active() || State("b.service").active());
  host_.disk().PutFile("/etc/systemd/system/a.service", "new");
  host_.disk().PutFile("/etc/systemd/system/b.service", "new");
  EXPECT_OK(BringAbout(*Service({{"running", true}}, "a"), host_));
  EXPECT_OK(BringAbout(*Service({{"running", true}}, "b"), host_));
  EXPECT_EQ(Calls("ReloadManager"), 1U);
}

TEST_F(ServiceTest, SaysWhyAUnitCannotBeEnabledAndStartsItAllTheSame) {
  struct Case {
    const char* state;
    const char* reason;
  };

  for (const Case& one : std::vector<Case>{{"static", "no [Install] section"},
                                           {"indirect", "Also="},
                                           {"generated", "generated at boot"},
                                           {"transient", "gone after a reboot"}}) {
    host_.systemd().Add("odd.service", one.state);
    const auto odd = Service({{"running", true}, {"enabled", true}}, "odd");
    EXPECT_THAT(Differences(*odd, host_)[0], AllOf(HasSubstr("enabled: "), HasSubstr(one.state)));
    EXPECT_THAT(BringAbout(*odd, host_),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(one.reason)));
    EXPECT_TRUE(State("odd.service").active()) << one.state;
    EXPECT_THAT(Differences(*Service({{"enabled", false}}, "odd"), host_), IsEmpty());
  }
}

TEST_F(ServiceTest, WhatCannotBeMaskedIsLeftAsItIs) {
  host_.systemd().Activate("web.service");
  host_.systemd().Edit("web.service").unit_file_state = "enabled";
  host_.systemd().Edit("web.service").fragment_path = "/etc/systemd/system/web.service";
  EXPECT_THAT(
      BringAbout(*Service({{"masked", true}, {"running", false}}), host_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/etc/systemd/system/web")));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(ServiceTest, MasksAfterStoppingAndDisabling) {
  host_.systemd().Activate("web.service");
  host_.systemd().Edit("web.service").unit_file_state = "enabled";
  const auto masked = Service({{"masked", true}, {"running", false}});
  EXPECT_OK(BringAbout(*masked, host_));
  EXPECT_EQ(State().unit_file_state, "masked");
  EXPECT_FALSE(State().active());
  EXPECT_EQ(Calls("Disable web.service"), 1U);
  host_.calls().ClearLog();
  EXPECT_OK(BringAbout(*masked, host_));
  EXPECT_EQ(host_.calls().writes(), 0U) << "masking again is no change";
}

TEST_F(ServiceTest, UnmasksBeforeEnablingAndStarting) {
  ASSERT_OK(host_.systemd().Mask("web.service", Deadline::Never()));
  EXPECT_THAT(BringAbout(*Service({{"running", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("masked = false")));
  EXPECT_THAT(BringAbout(*Service({{"enabled", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("masked = false")));
  EXPECT_OK(BringAbout(*Service({{"masked", false}, {"running", true}, {"enabled", true}}), host_));
  EXPECT_TRUE(State().active());
}

TEST_F(ServiceTest, MakesAMaskThatEndsWithTheBootLast) {
  host_.systemd().Edit("web.service").unit_file_state = "masked-runtime";
  EXPECT_THAT(Differences(*Service({{"masked", true}}), host_),
              ElementsAre("masked: until reboot -> true"));
}

TEST_F(ServiceTest, ActsOnTheUnitBehindAnAlias) {
  host_.systemd().Add("mariadb.service");
  host_.systemd().Add("mysql.service", "alias");
  host_.systemd().Edit("mysql.service").fragment_path = "/lib/systemd/system/mariadb.service";
  EXPECT_OK(BringAbout(*Service({{"enabled", true}}, "mysql"), host_));
  EXPECT_EQ(State("mariadb.service").unit_file_state, "enabled");
}

TEST_F(ServiceTest, DoesNotStopWhatItsSocketWouldStartAgain) {
  host_.systemd().Add("web.socket");
  host_.systemd().Activate("web.socket");
  host_.systemd().Activate("web.service");
  host_.systemd().Edit("web.service").triggered_by = {"web.socket", "web.timer"};
  EXPECT_THAT(BringAbout(*Service({{"running", false}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("web.socket"), HasSubstr("stop_triggers = true"))));
  EXPECT_TRUE(State().active());
  EXPECT_OK(BringAbout(*Service({{"running", false}, {"stop_triggers", true}}), host_));
  EXPECT_FALSE(State("web.socket").active());
}

TEST_F(ServiceTest, CountsAOneshotThatHasRunWellAsRunning) {
  host_.systemd().Edit("web.service").type = "oneshot";
  const auto web = Service({{"running", true}});
  EXPECT_THAT(Differences(*web, host_), ElementsAre("running: false -> true"));
  EXPECT_OK(BringAbout(*web, host_));
  host_.systemd().Edit("web.service").result = "exit-code";
  EXPECT_THAT(Differences(*web, host_), ElementsAre("running: false -> true"));
}

TEST_F(ServiceTest, FailsWithTheJournalWhenTheUnitDoesNotSettle) {
  const auto web = Service({{"running", true}, {"settle", "1ms"}});
  EXPECT_OK(BringAbout(*web, host_));
  host_.systemd().Edit("web.service").active_state = "failed";
  host_.systemd().BreakStart("web.service", "port 80 is in use");
  EXPECT_THAT(BringAbout(*web, host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("port 80 is in use")));
}

TEST_F(ServiceTest, RestartsOrReloadsWhatRuns) {
  struct Case {
    RefreshKind kind;
    bool can_reload;
    const char* restart;
    const char* call;
  };

  for (const Case& one : std::vector<Case>{
           {RefreshKind::kRestart, true, "restart", "Restart web.service"},
           {RefreshKind::kReload, true, "restart", "Reload web.service"},
           {RefreshKind::kReload, false, "restart", "Restart web.service"},
           {RefreshKind::kRestart, true, "reload", "Reload web.service"},
           {RefreshKind::kRestart, false, "reload", "Restart web.service"},
       }) {
    host_.systemd().Activate("web.service");
    host_.systemd().Edit("web.service").can_reload = one.can_reload;
    host_.calls().ClearLog();
    EXPECT_EQ(Refresh(*Service({{"restart", one.restart}}), one.kind).value(),
              std::string_view(one.call).starts_with("Reload") ? Reaction::kReloaded
                                                               : Reaction::kRestarted);
    EXPECT_EQ(Calls(one.call), 1U) << one.call;
    EXPECT_EQ(host_.calls().writes(), 1U);
  }
}

TEST_F(ServiceTest, StartsNothingBecauseOfANotification) {
  for (const Value::Map& declared :
       std::vector<Value::Map>{{}, {{"running", false}}, {{"masked", true}}}) {
    EXPECT_EQ(Refresh(*Service(declared), RefreshKind::kRestart).value(), Reaction::kNone);
  }
  EXPECT_EQ(host_.calls().writes(), 0U);
  EXPECT_FALSE(State().active());
}

TEST_F(ServiceTest, DoesNotRestartARunningUnitThatIsDeclaredStopped) {
  host_.systemd().Activate("web.service");
  const auto stopped = Service({{"running", false}});
  EXPECT_EQ(Refresh(*stopped, RefreshKind::kRestart).value(), Reaction::kNone);
  EXPECT_FALSE(dynamic_cast<const resource::Refreshable&>(*stopped).MayReact());
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(ServiceTest, AsksForARebootWhereARestartWouldBreakTheHost) {
  host_.systemd().Add("dbus.service", "static");
  host_.systemd().Activate("dbus.service");
  EXPECT_THAT(Refresh(*Service({}, "dbus"), RefreshKind::kRestart),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("reboot needed")));
  EXPECT_OK(Refresh(*Service({}, "dbus"), RefreshKind::kReload).status());
  EXPECT_EQ(Calls("Restart dbus.service"), 0U);
}

TEST_F(ServiceTest, FailsWhenARestartFails) {
  host_.systemd().Activate("web.service");
  host_.systemd().BreakStart("web.service", "bad configuration");
  EXPECT_THAT(Refresh(*Service({}), RefreshKind::kRestart),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("bad configuration")));
}

TEST_F(ServiceTest, TellsWhenItLastStarted) {
  const auto web = Service({});
  const auto& refreshable = dynamic_cast<const resource::Refreshable&>(*web);
  EXPECT_EQ(refreshable.LastRefresh(host_, Deadline::Never()).value(), absl::InfinitePast());
  host_.systemd().Activate("web.service");
  EXPECT_EQ(refreshable.LastRefresh(host_, Deadline::Never()).value(), State().started_at);
}

TEST_F(ServiceTest, HandlesInstancesOfTemplates) {
  host_.disk().PutFile("/etc/systemd/system/worker@.service", "[Service]\n");
  EXPECT_OK(BringAbout(*Service({{"running", true}}, "worker@7"), host_));
  EXPECT_TRUE(State("worker@7.service").active());
}

TEST_F(ServiceTest, SaysPlainlyThatThereIsNoSystemd) {
  host_.systemd().SetMissing(true);
  EXPECT_THAT(BringAbout(*Service({{"running", true}}), host_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no systemd")));
}

TEST_F(ServiceTest, DescribesWhatIsThereAsADeclarationAtRest) {
  host_.systemd().Activate("web.service");
  const auto web = Service({});
  const auto attributes =
      dynamic_cast<const resource::Describable&>(*web).Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_TRUE(attributes->Bool("running", false));
  EXPECT_FALSE(attributes->Bool("enabled", true));
  EXPECT_THAT(Differences(*ServiceType().make("web", *attributes), host_), IsEmpty());
}

TEST(ServiceSchemaTest, BringsNamesIntoOneForm) {
  struct Case {
    const char* given;
    const char* canonical;
  };

  for (const Case& one : std::vector<Case>{{"nginx", "nginx"},
                                           {"nginx.service", "nginx"},
                                           {"php8.2-fpm", "php8.2-fpm"},
                                           {"apt-daily.timer", "apt-daily.timer"},
                                           {"a.socket.service", "a.socket.service"},
                                           {"getty@tty1.service", "getty@tty1"}}) {
    EXPECT_EQ(ServiceSchema().canonical_name(one.given).value(), one.canonical);
  }
}

TEST(ServiceSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"", {}, "is no unit name"},
           {"a b", {}, "is no unit name"},
           {"../x", {}, "is no unit name"},
           {"-H", {}, "is no unit name"},
           {"getty@", {{"running", true}}, "template"},
           {"web", {{"masked", true}, {"running", true}}, "contradict"},
           {"web", {{"masked", true}, {"enabled", true}}, "contradict"},
           {"web", {{"restart", "kill"}}, "restart"},
       }) {
    EXPECT_THAT(DeclarationErrors(ServiceSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.name;
  }
}

TEST(ServiceSchemaTest, NeedsItsUnitAndItsTemplate) {
  const auto footprint = ServiceSchema().footprint("getty@tty1", {});
  EXPECT_THAT(footprint.needs, ElementsAre("unit:getty@tty1.service", "unit:getty@.service"));
}

}  // namespace
}  // namespace fettle::modules
