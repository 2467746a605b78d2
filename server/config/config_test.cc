// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"

namespace fettle::server {
namespace {

using ::testing::HasSubstr;

TEST(ConfigTest, WhatIsWrittenReadsBack) {
  Config config;
  config.data_dir = "/srv/fettle";
  config.names = {"a.example", "10.0.0.1"};
  config.heartbeat = absl::Seconds(5);
  config.keep_history = absl::Hours(24 * 90);
  config.allow_unsigned = true;
  const auto back = ParseConfig(FormatConfig(config), "server.toml");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->data_dir, config.data_dir);
  EXPECT_EQ(back->names, config.names);
  EXPECT_EQ(back->heartbeat, config.heartbeat);
  EXPECT_EQ(back->host_certificate, config.host_certificate);
  EXPECT_EQ(back->keep_history, config.keep_history);
  EXPECT_TRUE(back->allow_unsigned);
  EXPECT_EQ(back->TrustedKeysPath(), "/srv/fettle/trusted_keys");
}

TEST(ConfigTest, AnEmptyFileMeansTheDefaults) {
  const auto config = ParseConfig("", "server.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->listen, "0.0.0.0:7440");
}

TEST(ConfigTest, SaysWhatIsWrongWithTheLine) {
  const struct {
    const char* text;
    const char* said;
  } kBad[] = {
      {"listen = ", "server.toml:1:"},
      {"\nheartbeet = \"5s\"",
       R"(server.toml:2: "heartbeet" is no setting; did you mean "heartbeat"?)"},
      {"listen = 5", "server.toml:1: listen wants text"},
      {"heartbeat = \"soon\"", "wants a duration"},
      {"heartbeat = \"1ms\"", "wants between 1s and 1h"},
      {"keep_history = \"1h\"", "keep_history wants between 24h"},
      {"names = []", "names wants a list"},
      {"names = [1]", "names wants a list"},
      {"allow_unsigned = \"yes\"", "wants true or false"},
      {"log_level = \"loud\"", "log_level wants"},
      {"log_format = \"xml\"", "log_format wants"},
  };

  for (const auto& bad : kBad) {
    const auto config = ParseConfig(bad.text, "server.toml");
    ASSERT_FALSE(config.ok()) << bad.text;
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(bad.said));
  }
}

TEST(ConfigTest, TellsEveryProblemAtOnce) {
  const auto config = ParseConfig("a = 1\nb = 2\n", "f");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(Message(config.status())), HasSubstr("f:1:"));
  EXPECT_THAT(std::string(Message(config.status())), HasSubstr("f:2:"));
}

}  // namespace
}  // namespace fettle::server
