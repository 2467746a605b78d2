// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(AgentConfigTest, TakesWhatIsWrittenAndDefaultsForTheRest) {
  ASSERT_OK_AND_ASSIGN(const Config config,
                       ParseConfig("server = \"s:7440\"\nsweep = \"2s\"\nenforce = false\n", "f"));
  EXPECT_EQ(config.server, "s:7440");
  EXPECT_EQ(config.sweep, absl::Seconds(2));
  EXPECT_FALSE(config.enforce);
  EXPECT_EQ(config.state_dir, "/var/lib/fettle");
}

TEST(AgentConfigTest, ReadsWhatItWrites) {
  Config config;
  config.server = "fettle.example.org:7440";
  config.sweep = absl::Minutes(90);
  config.log_level = "debug";
  config.metrics_file = "/var/lib/x.prom";
  ASSERT_OK_AND_ASSIGN(const Config back, ParseConfig(FormatConfig(config), "agent.toml"));
  EXPECT_EQ(FormatConfig(back), FormatConfig(config));
  EXPECT_EQ(back.sweep, config.sweep);
  EXPECT_EQ(back.metrics_file, config.metrics_file);
}

TEST(AgentConfigTest, NamesEveryMistakeWithItsLine) {
  EXPECT_THAT(ParseConfig("server = \"s:7440\"\nsweeep = \"2s\"\nenforce = \"yes\"\nsweep = 3\n"
                          "state_dir = \"relative\"\nlog_level = \"loud\"\nlog_format = 1\n",
                          "agent.toml"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("agent.toml:2: \"sweeep\" is no setting; did you mean"),
                             HasSubstr("agent.toml:3: enforce wants true or false"),
                             HasSubstr("agent.toml:4: sweep wants a duration"),
                             HasSubstr("agent.toml:5: state_dir wants an absolute path"),
                             HasSubstr("agent.toml:6: log_level wants"),
                             HasSubstr("agent.toml:7: log_format wants"))));
}

TEST(AgentConfigTest, WantsAServer) {
  EXPECT_THAT(ParseConfig("", "agent.toml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("server is missing")));
}

TEST(AgentConfigTest, RefusesWhatIsNoToml) {
  EXPECT_THAT(ParseConfig("server = \n", "agent.toml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("agent.toml:1:")));
}

}  // namespace
}  // namespace fettle::agent
