// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/metrics.h"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AgentFigures Figures() {
  AgentFigures figures;
  figures.version = "0.1.0";
  figures.revision = "r7";
  figures.last_run = absl::FromUnixSeconds(1'700'000'000);
  figures.last_duration = absl::Milliseconds(1500);
  figures.resources.ok = 10;
  figures.resources.drifted = 2;
  figures.connected = true;
  figures.spool_reports = 3;
  figures.certificate_ends = absl::FromUnixSeconds(1'800'000'000);
  return figures;
}

TEST(AgentMetricsTest, SaysWhatTheAgentIsLike) {
  const std::string text = MetricsText(Figures());
  for (const char* line : {"fettle_agent_info{version=\"0.1.0\",revision=\"r7\"} 1\n",
                           "fettle_agent_last_run_timestamp_seconds 1700000000\n",
                           "fettle_agent_last_run_duration_seconds 1.5\n",
                           "fettle_agent_last_run_success 0\n",
                           "fettle_agent_resources{state=\"ok\"} 10\n",
                           "fettle_agent_resources{state=\"drifted\"} 2\n",
                           "fettle_agent_connected 1\n",
                           "fettle_agent_paused 0\n",
                           "fettle_agent_spool_reports 3\n",
                           "fettle_agent_certificate_expiry_timestamp_seconds 1800000000\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(AgentMetricsTest, BeforeTheFirstRunThereIsNone) {
  AgentFigures figures = Figures();
  figures.last_run = absl::InfinitePast();
  EXPECT_THAT(MetricsText(figures), Not(HasSubstr("last_run")));
}

// The exposition format: help and type before the lines of a metric, each metric once.
TEST(AgentMetricsTest, EveryLineIsOfTheFormatAndEveryMetricIsInTheDocuments) {
  std::ifstream file(std::string(FETTLE_SOURCE_DIR) + "/docs/agent-metrics.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  std::istringstream lines(MetricsText(Figures()));
  const std::regex help("# HELP (fettle_agent_[a-z_]+) .+\\.");
  const std::regex type("# TYPE (fettle_agent_[a-z_]+) (gauge|counter)");
  const std::regex value("(fettle_agent_[a-z_]+)(\\{([a-z]+=\"[a-z0-9.]*\",?)+\\})? [0-9.]+");
  std::set<std::string> seen;
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      current = match[1];
      EXPECT_TRUE(seen.insert(current).second) << current;
      EXPECT_THAT(document, HasSubstr("`" + current)) << "docs/agent-metrics.md";
    } else {
      ASSERT_TRUE(std::regex_match(line, match, type) || std::regex_match(line, match, value))
          << line;
      EXPECT_EQ(match[1], current);
    }
  }
  EXPECT_EQ(seen.size(), 12U);
}

}  // namespace
}  // namespace fettle::agent
