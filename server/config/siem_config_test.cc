// SPDX-License-Identifier: Apache-2.0
#include "server/config/siem_config.h"

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
[[siem]]
name = "local"
file = "/var/log/fettle/events.jsonl"
most_mib = 10
[[siem]]
name = "collector"
address = "siem.example.org:6514"
format = "cef"
kinds = ["drift", "denied"]
ca_file = "/etc/fettle/siem-ca.pem"
certificate_file = "/etc/fettle/siem.pem"
key_file = "/etc/fettle/siem.key"
timeout = "3s"
most_wait = "10m"
)";

TEST(SiemConfigTest, ReadsEveryOutletInOrder) {
  const auto config = ParseConfig(kGood, "server.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->siem.size(), 2U);
  const SiemOutlet& local = config->siem[0];
  EXPECT_EQ(local.name, "local");
  EXPECT_EQ(local.format, SiemFormat::kJson);
  EXPECT_EQ(local.file, "/var/log/fettle/events.jsonl");
  EXPECT_EQ(local.most_bytes, 10U << 20);
  EXPECT_EQ(local.kinds.size(), std::size(kSiemKinds));
  const SiemOutlet& collector = config->siem[1];
  EXPECT_EQ(collector.format, SiemFormat::kCef);
  EXPECT_EQ(collector.address, "siem.example.org:6514");
  EXPECT_THAT(collector.kinds, ElementsAre("denied", "drift"));
  EXPECT_EQ(collector.ca_file, "/etc/fettle/siem-ca.pem");
  EXPECT_EQ(collector.certificate_file, "/etc/fettle/siem.pem");
  EXPECT_EQ(collector.key_file, "/etc/fettle/siem.key");
  EXPECT_EQ(collector.timeout, absl::Seconds(3));
  EXPECT_EQ(collector.most_wait, absl::Minutes(10));
}

TEST(SiemConfigTest, SaysWhatIsWrongWithTheLine) {
  const std::string start = "[[siem]]\nname = \"a\"\n";
  const std::string file = start + "file = \"/x\"\n";
  const std::string address = start + "address = \"x:6514\"\n";

  const struct {
    std::string text;
    const char* said;
  } kBad[] = {
      {"siem = 5", "f:1: siem wants [[siem]] tables"},
      {"[[siem]]\nfile = \"/x\"", "f:1: [[siem]] wants a name"},
      {start, "f:1: [[siem]] wants either file or address"},
      {file + "address = \"x:1\"", "wants either file or address"},
      {file + "ca_file = \"/x\"", "has ca_file, which is of address alone"},
      {start + "file = \"x\"", "f:3: file wants the absolute path"},
      {file + "most_mib = \"10\"", "most_mib wants a number of MiB"},
      {file + "most_mib = -1", "most_mib wants a number of MiB"},
      {address, "wants ca_file"},
      {address + "ca_file = \"/x\"\nmost_mib = 1", "has most_mib, which is of file alone"},
      {address + "ca_file = \"/x\"\nkey_file = \"/x\"", "both certificate_file and key_file"},
      {start + "address = \"x\"", "address wants host:port"},
      {file + "format = \"leef\"", "format wants \"json\" or \"cef\""},
      {file + "kinds = [\"drfit\"]", "did you mean \"drift\"?"},
      {file + "formatt = \"cef\"", "is no setting of [[siem]]; did you mean \"format\"?"},
      {file + file, "there are two [[siem]] named \"a\""},
  };

  for (const auto& bad : kBad) {
    const auto config = ParseConfig(bad.text, "f");
    ASSERT_FALSE(config.ok()) << bad.text;
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(bad.said));
  }
}

TEST(SiemConfigTest, EverySettingAndKindIsInTheDocuments) {
  std::ifstream file(std::string(FETTLE_SOURCE_DIR) + "/docs/siem.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  ASSERT_THAT(SiemSettings(), ::testing::SizeIs(::testing::Ge(11U)));
  for (const std::string_view setting : SiemSettings()) {
    EXPECT_THAT(document, ::testing::ContainsRegex("\n\\| .*`" + std::string(setting) + "`"));
  }
  for (const std::string_view kind : kSiemKinds) {
    EXPECT_THAT(document, HasSubstr("\n| `" + std::string(kind) + "` |"));
  }
}

TEST(SiemConfigTest, WhatInitWritesSendsNothing) {
  const auto config = ParseConfig(FormatConfig(Config()), "f");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->siem.empty());
}

}  // namespace
}  // namespace fettle::server
