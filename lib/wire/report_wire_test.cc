// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/report_wire.h"

#include <gtest/gtest.h>

namespace fettle::wire {
namespace {

resource::RunReport Example() {
  resource::RunReport run;
  run.id = "01H";
  run.host = "web1";
  run.revision = "r3";
  run.catalog = Sha256("catalog");
  run.reason = "push";
  run.partial = true;
  run.started = absl::FromUnixMicros(1'700'000'000'000'001);
  run.duration = absl::Microseconds(17);
  run.counts.ok = 5;
  run.counts.changed = 1;
  run.counts.reverted = 2;
  run.counts.blocked = 3;
  run.states = Sha256("states");
  resource::ResourceReport one;
  one.id = "file:/etc/motd";
  one.state = resource::State::kChanged;
  one.cause = resource::Cause::kDrift;
  one.differences = {{"content", "a", "b", "b", "-a\n+b\n", resource::Cause::kDrift}};
  one.error = "e";
  one.root_cause = "package:x";
  one.refreshed = "restarted";
  one.position = "recipes/a.lua:3";
  one.controls = {"CIS-1"};
  one.duration = absl::Microseconds(5);
  one.actor = resource::Actor{resource::Actor::Certainty::kProbable,
                              812,
                              "/usr/bin/vim",
                              "vim /etc/motd",
                              "root",
                              "ann",
                              "session-3.scope",
                              "10.0.0.7",
                              "apt remove x",
                              "a note"};
  one.contended = "put right 5 times";
  resource::ResourceReport held;
  held.id = "package:x";
  held.state = resource::State::kBlocked;
  run.resources = {one, held};
  return run;
}

TEST(ReportWireTest, ARunReadsBackAsItWasWritten) {
  const auto back = FromProto(ToProto(Example()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, Example());
}

TEST(ReportWireTest, CoverageReadsBackAsItWasWritten) {
  const std::map<std::string, resource::Coverage> coverage = {
      {"file:/a", {resource::Watching::kEvent, absl::Milliseconds(500), ""}},
      {"exec:b", {resource::Watching::kSweep, absl::Minutes(33), "a step"}}};
  EXPECT_EQ(FromProto(ToProto(coverage)), coverage);
}

TEST(ReportWireTest, RefusesWhatNoAgentWrites) {
  using Break = void (*)(v1::RunReport&);
  const Break breaks[] = {
      [](v1::RunReport& run) { run.clear_id(); },
      [](v1::RunReport& run) { run.set_catalog("short"); },
      [](v1::RunReport& run) { run.set_started_us(-1); },
      [](v1::RunReport& run) { run.set_started_us(INT64_MAX); },
      [](v1::RunReport& run) { run.set_duration_us(-5); },
      [](v1::RunReport& run) { run.mutable_resources(0)->clear_id(); },
      [](v1::RunReport& run) { run.mutable_resources(0)->set_state(static_cast<v1::State>(77)); },
      [](v1::RunReport& run) { run.mutable_resources(0)->clear_state(); },
      [](v1::RunReport& run) { run.mutable_resources(0)->set_cause(static_cast<v1::Cause>(77)); },
      [](v1::RunReport& run) {
        run.mutable_resources(0)->mutable_differences(0)->set_cause(static_cast<v1::Cause>(77));
      },
  };
  for (const Break change : breaks) {
    v1::RunReport run = ToProto(Example());
    change(run);
    EXPECT_EQ(FromProto(run).status().code(), absl::StatusCode::kInvalidArgument)
        << run.ShortDebugString();
  }
}

}  // namespace
}  // namespace fettle::wire
