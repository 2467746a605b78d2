// SPDX-License-Identifier: Apache-2.0
#include "server/compliance/assessor.h"

#include <fmt/format.h>

#include "lib/digest/digest.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using compliance::Tally;
using compliance::Verdict;
using resource::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kControls[] = R"(
[[control]]
id = "A"
title = "First"
severity = "high"
frameworks = { "PCI-DSS" = ["2.2.4"] }
[[control]]
id = "B"
title = "Second"
)";

constexpr char kPastControl[] = "[[control]]\nid = \"CIS 1.1\"\ntitle = \"One\"\n";

class AssessorTest : public StoreTest {
 protected:
  AssessorTest() : assessor_(store(), clock_, absl::Minutes(1), absl::Hours(24 * 90)) {}

  // A resource of each of these states, which names these controls.
  void Report(const std::string& host,
              const std::vector<std::pair<std::string, State>>& resources) {
    server::Ingest record = SnapshotOf(++sequence_, {});
    auto& snapshot = std::get<Snapshot>(record.body);
    snapshot.catalog = Sha256(host + std::to_string(sequence_));
    for (const auto& [control, state] : resources) {
      resource::ResourceReport& one = snapshot.entries.emplace_back();
      one.id = "file:/" + control;
      one.state = state;
      one.position = "r.lua:1";
      one.controls = {control};
      one.error = state == State::kFailed ? "no such group" : "";
    }
    ASSERT_OK(Ingest(host, "e1", {record}));
  }

  Assessment Assess(const AssessmentScope& scope = {}) {
    auto assessment = assessor_.Assess(scope);
    EXPECT_OK(assessment);
    return assessment.ok() ? *std::move(assessment) : Assessment();
  }

  // web1 was compliant from minute 10 on, with r1; in minute 20 it drifted, with r2, which waives
  // that; in minute 30 it was put right. It was heard of until minute 40; it is minute 60.
  void MakePast() {
    MakeHost("web1");
    Enforce("web1", {{"controls/own.toml", kPastControl}});
    Enforce("web1",
            {{"controls/own.toml", kPastControl},
             {"waivers/own.toml",
              "[[waiver]]\ncontrol = \"CIS 1.1\"\nreason = \"vendor\"\napprover = \"bob\"\n"
              "until = 2999-01-01\n"}});
    ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(10, {{"a", State::kOk}}), Run(11, {})}));
    server::Ingest drifted = Run(20, {Resource("a", State::kDrifted, resource::Cause::kDrift)});
    std::get<resource::RunReport>(drifted.body).revision = "r2";
    std::get<resource::RunReport>(drifted.body).resources[0].error = "of then";
    server::Ingest put_right = Run(30, {});
    std::get<resource::RunReport>(put_right.body).revision = "r2";
    ASSERT_OK(Ingest("web1", "e1", {drifted, put_right}));
    store().fleet().NoteSeen("web1", At(40));
    clock_.Advance(absl::Minutes(60));
  }

  Assessor assessor_;

 private:
  uint64_t sequence_ = 0;
};

TEST_F(AssessorTest, EveryControlStandsOnEveryHost) {
  MakeHost("web1");
  MakeHost("web2");
  Enforce("web1", {{"controls/own.toml", kControls}});
  Enforce("web2", {{"controls/own.toml", kControls}});
  Report("web1", {{"A", State::kOk}, {"B", State::kFailed}});
  Report("web2", {{"A", State::kOk}, {"UNDESCRIBED", State::kOk}});
  const Assessment all = Assess();
  EXPECT_EQ(all.counts, (Tally{3, 1, 0, 2, 0}));
  ASSERT_THAT(all.controls, SizeIs(3));
  EXPECT_EQ(all.controls[0].control.title, "First");
  EXPECT_EQ(all.controls[0].hosts, (Tally{2, 0, 0, 0, 0}));
  EXPECT_EQ(all.controls[1].hosts, (Tally{0, 1, 0, 1, 0}));
  EXPECT_EQ(all.controls[2].control.id, "UNDESCRIBED");
  ASSERT_THAT(all.hosts, SizeIs(2));
  EXPECT_EQ(all.hosts[0].controls, (Tally{1, 1, 0, 1, 0}));
  ASSERT_THAT(all.findings, SizeIs(1));
  EXPECT_EQ(all.findings[0].host, "web1");
  EXPECT_EQ(all.findings[0].evidence[0].resource, "file:/B");
  EXPECT_EQ(all.findings[0].evidence[0].position, "r.lua:1");
  EXPECT_EQ(all.findings[0].evidence[0].error, "no such group");
}

TEST_F(AssessorTest, OneFrameworkOneControlAndSomeHostsCanBeAskedFor) {
  MakeHost("web1");
  MakeHost("web2");
  Enforce("web1", {{"controls/own.toml", kControls}});
  Report("web1", {{"A", State::kOk}, {"B", State::kFailed}});
  AssessmentScope scope;
  scope.framework = "PCI-DSS";
  scope.filter = "web1";
  const Assessment some = Assess(scope);
  EXPECT_EQ(some.counts, (Tally{1, 0, 0, 0, 0}));
  EXPECT_THAT(some.findings, IsEmpty());
  scope.control = "A";
  EXPECT_THAT(Assess(scope).findings, SizeIs(1)) << "with what there is to show for it";
  scope.control = "B";
  EXPECT_EQ(assessor_.Assess(scope).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(AssessorTest, AHostThatIsSilentIsUnknown) {
  MakeHost("web1");
  Enforce("web1", {{"controls/own.toml", kControls}});
  Report("web1", {{"A", State::kOk}});
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Assess().counts, (Tally{0, 0, 0, 1, 1}));
}

TEST_F(AssessorTest, AWaiverOfTheEnforcedRevisionCountsUntilItEnds) {
  const absl::CivilDay tomorrow = absl::ToCivilDay(clock_.Now(), absl::UTCTimeZone()) + 1;
  const std::string waivers = fmt::format(
      "[[waiver]]\ncontrol = \"A\"\nhosts = \"web1\"\nreason = \"vendor\"\napprover = \"bob\"\n"
      "until = {}\n",
      absl::FormatCivilTime(tomorrow));
  for (const std::string host : {"web1", "web2"}) {
    MakeHost(host);
    Enforce(host, {{"controls/own.toml", kControls}, {"waivers/own.toml", waivers}});
    Report(host, {{"A", State::kDrifted}});
  }
  const Assessment before = Assess();
  ASSERT_THAT(before.findings, SizeIs(2));
  EXPECT_EQ(before.findings[0].verdict, Verdict::kWaived);
  EXPECT_EQ(before.findings[0].waiver->waiver.reason, "vendor");
  EXPECT_EQ(before.findings[1].verdict, Verdict::kNotCompliant) << "it is not for web2";
  ASSERT_FALSE(before.waivers.empty());
  EXPECT_FALSE(before.waivers[0].ended);
  clock_.Advance(absl::Hours(72));
  for (const std::string host : {"web1", "web2"}) {
    store().fleet().NoteSeen(host, clock_.Now());
  }
  const Assessment after = Assess();
  EXPECT_EQ(after.findings[0].verdict, Verdict::kNotCompliant);
  EXPECT_TRUE(after.findings[0].waiver->ended);
  EXPECT_TRUE(after.waivers[0].ended);
}

TEST_F(AssessorTest, WhatIsCompliantIsListedWhereAllIsAskedFor) {
  MakeHost("web1");
  Enforce("web1", {{"controls/own.toml", kControls}});
  Report("web1", {{"A", State::kOk}, {"B", State::kFailed}});
  AssessmentScope scope;
  scope.all = true;
  const Assessment all = Assess(scope);
  ASSERT_THAT(all.findings, SizeIs(2));
  EXPECT_EQ(all.findings[0].verdict, Verdict::kCompliant);
  EXPECT_EQ(all.findings[0].evidence[0].resource, "file:/A");
}

TEST_F(AssessorTest, AMomentThatPassedIsAsItWas) {
  MakePast();
  AssessmentScope scope;
  scope.at = At(15);
  const Assessment compliant = Assess(scope);
  EXPECT_EQ(compliant.taken, At(15));
  EXPECT_EQ(compliant.counts, (Tally{1, 0, 0, 0, 0})) << "though it is silent now";
  EXPECT_EQ(compliant.hosts[0].revision, "r1");
  EXPECT_THAT(compliant.waivers, IsEmpty()) << "r1 has none";
  scope.at = At(25);
  const Assessment waived = Assess(scope);
  ASSERT_THAT(waived.findings, SizeIs(1));
  EXPECT_EQ(waived.findings[0].verdict, Verdict::kWaived);
  EXPECT_EQ(waived.findings[0].waiver->revision, "r2");
  EXPECT_EQ(waived.findings[0].evidence[0].since, At(20));
  EXPECT_EQ(waived.findings[0].evidence[0].error, "of then");
  scope.at = At(35);
  EXPECT_EQ(Assess(scope).counts, (Tally{1, 0, 0, 0, 0}));
  scope.at = At(45);
  EXPECT_EQ(Assess(scope).counts, (Tally{0, 0, 0, 0, 1})) << "nothing was heard of it since";
}

TEST_F(AssessorTest, WhatIsNotKnownOfThenIsSaid) {
  MakePast();
  AssessmentScope scope;
  scope.at = At(15);
  EXPECT_THAT(Assess(scope).caveats, ElementsAre(HasSubstr("labels"), HasSubstr("silent")));
  scope.at = At(5);
  EXPECT_THAT(Assess(scope).caveats,
              ElementsAre(HasSubstr("labels"),
                          HasSubstr("silent"),
                          HasSubstr("of 1 of 1 hosts nothing is known at ")));
  EXPECT_EQ(Assess(scope).counts, Tally());
  clock_.Advance(absl::Hours(24 * 91));
  scope.at = At(15);
  EXPECT_THAT(Assess(scope).caveats.back(), HasSubstr("longer ago than keep_history"));
  EXPECT_THAT(Assess().caveats, IsEmpty()) << "of now all is known";
}

TEST_F(AssessorTest, NobodyIsToldOfTheFuture) {
  MakePast();
  AssessmentScope scope;
  scope.at = clock_.Now() + absl::Minutes(1);
  EXPECT_EQ(Assess(scope).taken, clock_.Now());
  EXPECT_EQ(Assess(scope).counts, Assess().counts);
}

TEST_F(AssessorTest, ATrendHasTheCountsOfEachMoment) {
  MakePast();
  const auto trend = assessor_.AssessTrend({}, {At(5), At(15), At(25)});
  ASSERT_OK(trend);
  ASSERT_THAT(trend->points, SizeIs(3));
  EXPECT_EQ(trend->points[0].counts, Tally());
  EXPECT_EQ(trend->points[0].hosts, 0U);
  EXPECT_EQ(trend->points[1].counts, (Tally{1, 0, 0, 0, 0}));
  EXPECT_EQ(trend->points[1].hosts, 1U);
  EXPECT_EQ(trend->points[2].counts, (Tally{0, 0, 1, 0, 0}));
  EXPECT_EQ(trend->points[2].at, At(25));
  EXPECT_THAT(trend->caveats, SizeIs(3)) << "each once";
  AssessmentScope scope;
  scope.control = "CIS 1.1";
  EXPECT_OK(assessor_.AssessTrend(scope, {At(5), At(15)}));
  EXPECT_EQ(assessor_.AssessTrend(scope, {At(5)}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(AssessorTest, WhatIsWrongWithATreeIsSaidAndCoversNobody) {
  MakeHost("web1");
  Enforce("web1",
          {{"controls/own.toml", kControls},
           {"controls/torn.toml", "[[control]\n"},
           {"waivers/own.toml",
            "[[waiver]]\ncontrol = \"A\"\nhosts = \"state=\"\nreason = \"r\"\napprover = \"b\"\n"
            "until = 2999-01-01\n"}});
  Report("web1", {{"A", State::kDrifted}});
  const Assessment assessment = Assess();
  EXPECT_THAT(assessment.problems,
              ElementsAre(HasSubstr("r1: controls/torn.toml:1:"),
                          HasSubstr("r1: waivers/own.toml:1: the waiver covers no host: hosts: ")));
  EXPECT_EQ(assessment.findings[0].verdict, Verdict::kNotCompliant);
}

}  // namespace
}  // namespace fettle::server
