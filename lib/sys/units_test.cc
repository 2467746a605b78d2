// SPDX-License-Identifier: Apache-2.0
#include "gmock/gmock.h"
#include <systemd/sd-daemon.h>

#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"
#include "lib/sys/linux_units.h"

namespace fettle::sys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(UnitNameTest, WantsASuffixAndNoPath) {
  for (const char* good : {"nginx.service",
                           "getty@tty1.service",
                           "dev-sda1.device",
                           "a\\x2db.mount",
                           "apt-daily.timer"}) {
    EXPECT_TRUE(CheckUnitName(good).ok()) << good;
  }
  for (const char* bad :
       {"", "nginx", ".service", "a/b.service", "a b.service", "x.conf", "-.", "ä.service"}) {
    EXPECT_EQ(CheckUnitName(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(UnitStateTest, TakesWhatSystemdSays) {
  BusProperties properties;
  properties.texts = {{"LoadState", "loaded"},
                      {"ActiveState", "active"},
                      {"SubState", "exited"},
                      {"UnitFileState", "enabled"},
                      {"FragmentPath", "/lib/systemd/system/x.service"},
                      {"Type", "oneshot"},
                      {"Result", "success"}};
  properties.numbers = {{"NeedDaemonReload", 1},
                        {"CanReload", 0},
                        {"RemainAfterExit", 1},
                        {"ActiveEnterTimestamp", 2'000'000},
                        {"InactiveExitTimestamp", 1'000'000},
                        {"ExecMainStartTimestamp", 0}};
  properties.lists = {{"TriggeredBy", {"x.timer", "x.socket"}}};
  UnitState state = UnitStateOf(properties);
  EXPECT_TRUE(state.exists());
  EXPECT_TRUE(state.active());
  EXPECT_EQ(state.unit_file_state, "enabled");
  EXPECT_TRUE(state.needs_daemon_reload);
  EXPECT_TRUE(state.remain_after_exit);
  EXPECT_EQ(state.active_since, absl::FromUnixSeconds(2));
  EXPECT_EQ(state.started_at, absl::FromUnixSeconds(1));
  EXPECT_THAT(state.triggered_by, ElementsAre("x.socket", "x.timer"));
  properties.numbers["ExecMainStartTimestamp"] = 1'500'000;
  state = UnitStateOf(properties);
  EXPECT_EQ(state.started_at, absl::FromUnixMillis(1500));
  EXPECT_EQ(UnitStateOf({}).started_at, absl::InfinitePast());
}

TEST(JobStatusTest, TellsTheEndsOfAJobApart) {
  EXPECT_TRUE(JobStatus("done", "StartUnit", "x.service").ok());
  for (const char* result : {"failed", "timeout", "dependency", "skipped", "odd"}) {
    EXPECT_EQ(JobStatus(result, "StartUnit", "x.service").code(),
              absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(JobStatus("canceled", "StartUnit", "x.service").code(), absl::StatusCode::kAborted);
}

TEST(LinuxUnitsTest, SaysPlainlyWhetherSystemdRunsHere) {
  LinuxUnits units;
  const absl::StatusOr<UnitState> state =
      units.Unit("fettle-no-such.service", Deadline::After(absl::Seconds(30)));
  if (sd_booted() > 0) {
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_FALSE(state->exists());
  } else {
    EXPECT_EQ(state.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(Message(state.status())), HasSubstr("systemd"));
    EXPECT_EQ(units.Start("x.service", Deadline::Never()).code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(units.ActiveUnits().empty());
  }
}

TEST(LinuxHostTest, ShowsAllOfThisMachine) {
  const std::unique_ptr<Host> host = MakeLinuxHost({});
  EXPECT_TRUE(host->files().Stat("/").ok());
  EXPECT_EQ(host->packages().Package("dpkg")->presence, PackagePresence::kInstalled);
  EXPECT_EQ(host->packages().CompareVersions("1", "2"), -1);
  EXPECT_EQ(host->accounts().FindUser("root")->uid, 0U);
  EXPECT_EQ(*host->kernel().Sysctl("kernel.ostype"), "Linux");
  EXPECT_EQ(host->blobs().Blob(Sha256("x")).status().code(), absl::StatusCode::kNotFound);
  host->ForgetSnapshots();
  EXPECT_EQ(host->accounts().FindGroup("root")->gid, 0U);
}

}  // namespace
}  // namespace fettle::sys
