// SPDX-License-Identifier: Apache-2.0
#include "server/config/notify_config.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "server/config/config.h"

namespace fettle::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kGood[] = R"(
log_level = "debug"
[[notify]]
name = "ops"
url = "https://hooks.example/x"
[[notify]]
name = "am-1"
url_file = "/etc/fettle/am.url"
format = "alertmanager"
kinds = ["failure", "recovery"]
filter = 'labels.env == "prod"'
wait = "1s"
repeat = "2m"
timeout = "3s"
most_wait = "10m"
header_file = "/etc/fettle/header"
ca_file = "/etc/fettle/ca.pem"
)";

TEST(NotifyConfigTest, ReadsEveryHookInOrder) {
  const auto config = ParseConfig(kGood, "server.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log_level, "debug");
  ASSERT_EQ(config->notify.size(), 2U);
  const NotifyHook& ops = config->notify[0];
  EXPECT_EQ(ops.name, "ops");
  EXPECT_EQ(ops.format, NotifyFormat::kGeneric);
  EXPECT_EQ(ops.kinds.size(), std::size(kNotifyKinds));
  EXPECT_EQ(ops.interval, absl::Minutes(1));
  const NotifyHook& am = config->notify[1];
  EXPECT_EQ(am.url, "");
  EXPECT_EQ(am.url_file, "/etc/fettle/am.url");
  EXPECT_EQ(am.format, NotifyFormat::kAlertmanager);
  EXPECT_THAT(am.kinds, ElementsAre("failure", "recovery"));
  EXPECT_EQ(am.filter, "labels.env == \"prod\"");
  EXPECT_EQ(am.interval, absl::Seconds(5));
  EXPECT_EQ(am.wait, absl::Seconds(1));
  EXPECT_EQ(am.repeat, absl::Minutes(2));
  EXPECT_EQ(am.timeout, absl::Seconds(3));
  EXPECT_EQ(am.most_wait, absl::Minutes(10));
  EXPECT_EQ(am.header_file, "/etc/fettle/header");
  EXPECT_EQ(am.ca_file, "/etc/fettle/ca.pem");
}

TEST(NotifyConfigTest, SaysWhatIsWrongWithTheLine) {
  const std::string start = "[[notify]]\nname = \"a\"\n";
  const std::string good = start + "url = \"https://x\"\n";

  const struct {
    std::string text;
    const char* said;
  } kBad[] = {
      {"notify = 5", "f:1: notify wants [[notify]] tables"},
      {"[notify]\nname = \"a\"", "notify wants [[notify]] tables"},
      {"[[notify]]\nurl = \"https://x\"", "f:1: [[notify]] wants a name"},
      {"[[notify]]\nname = \"Ops team\"", "f:2: name wants 1 to 32 lower-case"},
      {start, "f:1: [[notify]] wants either url or url_file"},
      {good + "url_file = \"/x\"", "wants either url or url_file"},
      {start + "url = \"ftp://x\"", "url wants to begin with https://"},
      {start + "url = \"https://ann:pw@x\"", "name and password belong into header_file"},
      {good + "format = \"xml\"", "f:4: format wants \"generic\", \"slack\" or"},
      {good + "kinds = [\"drfit\"]", "kinds has no kind \"drfit\"; did you mean \"drift\"?"},
      {good + "kinds = []", "kinds wants a list"},
      {good + "intervall = \"1m\"", "did you mean \"interval\"?"},
      {good + "interval = \"1ms\"", "interval wants between 1s and 24h"},
      {good + "token_file = \"token\"", "wants the absolute path"},
      {good + good, "f:4: there are two [[notify]] named \"a\""},
      {start + "url = \"http://x\"\ntoken_file = \"/t\"", "a secret over plain http"},
  };

  for (const auto& bad : kBad) {
    const auto config = ParseConfig(bad.text, "f");
    ASSERT_FALSE(config.ok()) << bad.text;
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(bad.said));
  }
}

TEST(NotifyConfigTest, WhatStaysOnThisMachineIsReadByNobody) {
  EXPECT_FALSE(CanBeReadOnItsWay("https://x"));
  EXPECT_FALSE(CanBeReadOnItsWay("http://127.0.0.1:9093/x"));
  EXPECT_FALSE(CanBeReadOnItsWay("http://localhost"));
  EXPECT_FALSE(CanBeReadOnItsWay("http://[::1]:9093"));
  EXPECT_TRUE(CanBeReadOnItsWay("http://127.0.0.1.example"));
  EXPECT_TRUE(CanBeReadOnItsWay("http://localhost.example:80/x"));
  EXPECT_TRUE(CanBeReadOnItsWay("http://x"));
}

TEST(NotifyConfigTest, EverySettingAndKindIsInTheDocuments) {
  std::ifstream file(std::string(FETTLE_SOURCE_DIR) + "/docs/notifications.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  ASSERT_THAT(NotifySettings(), ::testing::SizeIs(::testing::Ge(14U)));
  for (const std::string_view setting : NotifySettings()) {
    EXPECT_THAT(document, ::testing::ContainsRegex("\n\\| .*`" + std::string(setting) + "`"));
  }
  for (const std::string_view kind : kNotifyKinds) {
    EXPECT_THAT(document, HasSubstr("\n| `" + std::string(kind) + "` |"));
  }
}

TEST(NotifyConfigTest, WhatInitWritesTellsNobody) {
  const auto config = ParseConfig(FormatConfig(Config()), "f");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->notify.empty());
}

}  // namespace
}  // namespace fettle::server
