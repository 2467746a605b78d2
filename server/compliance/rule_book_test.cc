// SPDX-License-Identifier: Apache-2.0
// Rules of a revision, asked by an assessment of a real store.
#include "server/compliance/rule_book.h"

#include <fmt/format.h>

#include "server/compliance/assessor.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using compliance::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RuleBookTest : public StoreTest {
 protected:
  RuleBookTest() : assessor_(store(), clock_, absl::Minutes(1)) {}

  void Say(const std::string& host, const std::string& facts) {
    const uint64_t sequence = ++sequence_[host];
    ASSERT_OK(Ingest(host, "e1", {{sequence, clock_.Now(), FactsJson{facts}}}));
  }

  // "control host: verdict (what is said)", of everything that applies.
  std::vector<std::string> Findings(AssessmentScope scope = {}) {
    scope.all = true;
    const auto assessment = assessor_.Assess(scope);
    EXPECT_OK(assessment);
    std::vector<std::string> lines;
    for (const Assessment::FindingResult& one : assessment->findings) {
      lines.push_back(fmt::format("{} {}: {} ({} {})",
                                  one.control,
                                  one.host,
                                  compliance::VerdictName(one.verdict),
                                  one.evidence[0].resource,
                                  one.evidence[0].error));
    }
    problems_ = assessment->problems;
    return lines;
  }

  Assessor assessor_;
  std::vector<std::string> problems_;

 private:
  std::map<std::string, uint64_t> sequence_;
};

constexpr char kSystem[] = R"(
rule "supported" {
  title = "Only what is supported",
  when = "os.id == debian",
  check = function(host) return host.facts.os.major >= 12, "Debian " .. host.facts.os.major end,
}
)";

TEST_F(RuleBookTest, AVerdictFollowsTheFactsAndStandsWithItsRule) {
  MakeHost("web1");
  MakeHost("web2");
  Enforce("web1", {{"rules/own.lua", kSystem}});
  Enforce("web2", {{"rules/own.lua", kSystem}});
  Say("web1", R"({"os":{"id":"debian","major":11}})");
  Say("web2", R"({"os":{"id":"alpine","major":3}})");
  EXPECT_THAT(Findings(), ElementsAre("supported web1: not compliant (rule:supported Debian 11)"));
  Say("web1", R"({"os":{"id":"debian","major":12}})");
  EXPECT_THAT(Findings(), ElementsAre("supported web1: compliant (rule:supported )"));
  const auto assessment = assessor_.Assess({});
  ASSERT_OK(assessment);
  ASSERT_EQ(assessment->controls.size(), 1U);
  EXPECT_EQ(assessment->controls[0].control.title, "Only what is supported");
  EXPECT_EQ(assessment->controls[0].hosts.not_applicable, 1U);
}

TEST_F(RuleBookTest, AMomentThatPassedIsJudgedByTheFactsOfThen) {
  MakeHost("web1");
  Enforce("web1", {{"rules/own.lua", kSystem}});
  Say("web1", R"({"os":{"id":"debian","major":11}})");
  ASSERT_OK(Ingest("web1", "e1", {Run(2, {})}));  // Says the revision that it enforces.
  const absl::Time then = clock_.Now() + absl::Minutes(10);
  clock_.Advance(absl::Hours(1));
  store().fleet().NoteSeen("web1", clock_.Now());
  ASSERT_OK(
      Ingest("web1", "e1", {{3, clock_.Now(), FactsJson{R"({"os":{"id":"debian","major":12}})"}}}));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("web1: compliant")));
  AssessmentScope scope;
  scope.at = then;
  EXPECT_THAT(Findings(scope),
              ElementsAre(HasSubstr("web1: not compliant (rule:supported Debian 11)")));
}

TEST_F(RuleBookTest, AnErrorIsUnknownAndSaysWhere) {
  MakeHost("web1");
  Enforce("web1", {{"rules/own.lua", kSystem}});
  Say("web1", R"({"os":{"id":"debian"}})");
  EXPECT_THAT(Findings(),
              ElementsAre(AllOf(HasSubstr("web1: unknown"), HasSubstr("rules/own.lua:5"))));
}

TEST_F(RuleBookTest, ARuleOfTheFleetSeesAllHostsAndTellsThoseThatEnforceIt) {
  constexpr char kDatabases[] = R"(
rule "two-databases" {
  control = "AVAIL-1",
  collect = function(host) return host.labels.role end,
  check = function(roles)
    local n = 0
    for _, role in pairs(roles) do if role == "db" then n = n + 1 end end
    return n >= 2, "only " .. n .. " of 2 databases"
  end,
}
)";
  for (const char* const host : {"db1", "db2", "web1"}) {
    MakeHost(host);
  }
  Enforce("web1", {{"rules/own.lua", kDatabases}});
  Say("web1", "{}");
  ASSERT_OK(store().fleet().ChangeHost("db1", {.labels = Labels{{"role", "db"}}}));
  EXPECT_THAT(
      Findings(),
      ElementsAre("AVAIL-1 web1: not compliant (rule:two-databases only 1 of 2 databases)"));
  AssessmentScope part;
  part.shows = [](const std::string& host) { return host == "web1"; };
  EXPECT_THAT(Findings(part), ElementsAre(HasSubstr("of which you see a part")));
  ASSERT_OK(store().fleet().ChangeHost("db2", {.labels = Labels{{"role", "db"}}}));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("web1: compliant")));
}

TEST_F(RuleBookTest, SinceWhenARuleIsBrokenIsKept) {
  MakeHost("web1");
  Enforce("web1", {{"rules/own.lua", kSystem}});
  Say("web1", R"({"os":{"id":"debian","major":11}})");
  const absl::Time first = clock_.Now();
  Findings();
  clock_.Advance(absl::Seconds(30));
  const auto later = assessor_.Assess({});
  ASSERT_OK(later);
  ASSERT_EQ(later->findings.size(), 1U);
  EXPECT_EQ(later->findings[0].evidence[0].since, first);
}

TEST_F(RuleBookTest, AFilterThatCannotBeReadIsAProblem) {
  MakeHost("web1");
  Enforce(
      "web1",
      {{"rules/own.lua", "rule 'a' { when = 'os.id ==', check = function() return true end }"}});
  Say("web1", "{}");
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(problems_,
              ElementsAre(HasSubstr("rules/own.lua:1: the rule is asked of no host: when:")));
}

}  // namespace
}  // namespace fettle::server
