// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/present.h"

#include <gtest/gtest.h>

namespace fettle::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

google::protobuf::RepeatedPtrField<v1::Difference> One(const std::string& attribute,
                                                       const std::string& current,
                                                       const std::string& desired,
                                                       const std::string& diff = "") {
  google::protobuf::RepeatedPtrField<v1::Difference> all;
  v1::Difference* const one = all.Add();
  one->set_attribute(attribute);
  one->set_current(current);
  one->set_desired(desired);
  one->set_diff(diff);
  return all;
}

TEST(PresentTest, ADifferenceReadsFromBeforeToAfter) {
  EXPECT_EQ(DifferencesText(One("mode", "0600", "0644"), false), "    mode: 0600 → 0644\n");
  EXPECT_EQ(DifferencesText(One("state", "", "present"), false),
            "    state: (nothing) → present\n");
}

TEST(PresentTest, TextThatDiffersIsShownAsAUnifiedDiff) {
  EXPECT_EQ(DifferencesText(One("content", "a", "b", "@@ -1 +1 @@\n-a\n+b\n"), false),
            "    content:\n      @@ -1 +1 @@\n      -a\n      +b\n");
  EXPECT_EQ(DiffText("-a\n+b\n c\n", "", true), "\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n c\n");
}

TEST(PresentTest, WhatAHostSaysCannotSpeakToTheTerminal) {
  EXPECT_EQ(DifferencesText(One("x\x1b[2J", "a\x07", "b\r"), false), "    x?[2J: a? → b?\n");
  EXPECT_EQ(DifferencesText(One("content", "", "", "-\x1b]0;t\x07\n"), false),
            "    content:\n      -?]0;t?\n");
  EXPECT_EQ(ErrorText("bad\x1b[1m\nworse", false), "    bad?[1m\n    worse\n");
}

TEST(PresentTest, CountsBeginWithTheWorst) {
  v1::RunCounts counts;
  EXPECT_EQ(CountsCell(counts).text, "-");
  counts.set_ok(40);
  EXPECT_EQ(CountsCell(counts).text, "40 ok");
  EXPECT_EQ(CountsCell(counts).tone, Tone::kGood);
  counts.set_skipped(2);
  counts.set_failed(1);
  EXPECT_EQ(CountsCell(counts).text, "1 failed, 2 skipped, 40 ok");
  EXPECT_EQ(CountsCell(counts).tone, Tone::kBad);
}

TEST(PresentTest, ARevisionThatIsNotTheAssignedOneShowsBoth) {
  v1::Host host;
  EXPECT_EQ(RevisionCell(host).text, "-");
  host.set_revision("r3");
  host.set_assigned_revision("r3");
  EXPECT_EQ(RevisionCell(host).text, "r3");
  host.set_assigned_revision("r4");
  EXPECT_EQ(RevisionCell(host).text, "r3 → r4");
  EXPECT_EQ(RevisionCell(host).tone, Tone::kChanged);
  host.set_refusal("unknown key");
  EXPECT_EQ(RevisionCell(host).tone, Tone::kBad);
}

TEST(PresentTest, ASilentHostSaysForHowLong) {
  v1::Host host;
  host.set_presence(v1::PRESENCE_SILENT);
  host.set_last_seen_us(ToMicroseconds(kNow - absl::Minutes(3)));
  EXPECT_EQ(PresenceCell(host, kNow).text, "silent 3m");
  host.set_presence(v1::PRESENCE_CONNECTED);
  EXPECT_EQ(PresenceCell(host, kNow).text, "connected");
}

TEST(PresentTest, DetailsStandBelowTheirRow) {
  EXPECT_EQ(WithDetails("HEAD\nrow 1\nrow 2\n", {"  a\n  b\n", ""}),
            "HEAD\nrow 1\n  a\n  b\nrow 2\n");
}

TEST(PresentTest, NoTimeMeansNever) {
  EXPECT_EQ(FromMicroseconds(0), absl::InfinitePast());
  EXPECT_EQ(FromMicroseconds(ToMicroseconds(kNow)), kNow);
}

TEST(PresentTest, SpansAreShort) {
  EXPECT_EQ(SpanText(absl::Milliseconds(12)), "12ms");
  EXPECT_EQ(SpanText(absl::Milliseconds(3210)), "3.2s");
  EXPECT_EQ(SpanText(absl::Minutes(59)), "59m");
  EXPECT_EQ(SpanText(absl::Hours(47)), "47h");
  EXPECT_EQ(SpanText(absl::Hours(72)), "3d");
}

TEST(PresentTest, LabelsAreSortedByName) {
  v1::Host host;
  (*host.mutable_labels())["role"] = "web";
  (*host.mutable_labels())["env"] = "prod";
  EXPECT_EQ(LabelsText(host.labels()), "env=prod role=web");
}

TEST(PresentTest, WhatUpgradesLeftUndoneIsSaidInWords) {
  EXPECT_EQ(WantsText(R"({"reboot":{"because":["a","b"],"needed":true},
                          "restart_needed":{"units":["cron.service","ssh.service"]}})"),
            "a boot: a, b; a restart of cron.service, ssh.service");
  EXPECT_EQ(WantsText(R"({"restart_needed":{"units":["cron.service"]}})"),
            "a restart of cron.service");
  EXPECT_EQ(WantsText(R"({"reboot":{"because":[]},"restart_needed":{"units":[]}})"), "");
}

TEST(PresentTest, FactsOfAnyFormAreNoHarm) {
  for (const char* const facts : {"",
                                  "[]",
                                  "{",
                                  R"({"reboot":7})",
                                  R"({"reboot":{"because":{}}})",
                                  R"({"restart_needed":[1],"reboot":{"because":"x"}})"}) {
    EXPECT_EQ(WantsText(facts), "") << facts;
  }
}

TEST(PresentTest, DigestsAndMessagesAreShortened) {
  EXPECT_EQ(ShortHex(std::string(32, '\x0f')), "0f0f0f0f0f0f");
  EXPECT_EQ(FirstLine("one\ntwo"), "one");
}

}  // namespace
}  // namespace fettle::cli
