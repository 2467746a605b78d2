// SPDX-License-Identifier: Apache-2.0
#include "server/config/report_config.h"

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
[[report]]
name = "weekly"
smtp = "smtps://mail.example.org:465"
user = "fettle"
password_file = "/etc/fettle/mail.password"
from = "fettle@example.org"
to = ["a@example.org", "b@example.org"]
framework = "PCI-DSS"
[[report]]
name = "drift"
kind = "drift"
format = "csv"
every = "day"
at = "06:30"
zone = "Europe/Berlin"
filter = 'labels.env == "prod"'
url = "https://hooks.example.org/x"
token_file = "/etc/fettle/token"
ca_file = "/etc/fettle/ca.pem"
timeout = "5s"
)";

TEST(ReportConfigTest, ReadsEveryReportInOrder) {
  const auto config = ParseConfig(kGood, "server.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->reports.size(), 2U);
  const ScheduledReport& weekly = config->reports[0];
  EXPECT_EQ(weekly.kind, ReportKind::kCompliance);
  EXPECT_EQ(weekly.format, ReportFormat::kHtml);
  EXPECT_EQ(weekly.times.every, ReportEvery::kWeek);
  EXPECT_EQ(weekly.times.hour, 7);
  EXPECT_EQ(weekly.framework, "PCI-DSS");
  EXPECT_EQ(weekly.from, "fettle@example.org");
  EXPECT_THAT(weekly.to, ElementsAre("a@example.org", "b@example.org"));
  EXPECT_EQ(weekly.password_file, "/etc/fettle/mail.password");
  const ScheduledReport& drift = config->reports[1];
  EXPECT_EQ(drift.kind, ReportKind::kDrift);
  EXPECT_EQ(drift.format, ReportFormat::kCsv);
  EXPECT_EQ(drift.times.every, ReportEvery::kDay);
  EXPECT_EQ(drift.times.hour, 6);
  EXPECT_EQ(drift.times.minute, 30);
  EXPECT_EQ(drift.times.zone.name(), "Europe/Berlin");
  EXPECT_EQ(drift.hook.url, "https://hooks.example.org/x");
  EXPECT_EQ(drift.hook.token_file, "/etc/fettle/token");
  EXPECT_EQ(drift.hook.ca_file, "/etc/fettle/ca.pem");
  EXPECT_EQ(drift.hook.timeout, absl::Seconds(5));
}

TEST(ReportConfigTest, SaysWhatIsWrongWithTheLine) {
  const std::string start = "[[report]]\nname = \"a\"\n";
  const std::string post = start + "url = \"https://x\"\n";
  const std::string mail = start + "smtp = \"smtp://x\"\nfrom = \"a@x\"\nto = [\"b@x\"]\n";

  const struct {
    std::string text;
    const char* said;
  } kBad[] = {
      {"report = 5", "f:1: report wants [[report]] tables"},
      {start, "wants either url (or url_file) for a webhook, or smtp"},
      {mail + "url = \"https://x\"", "wants either url"},
      {post + "to = [\"a@x\"]", "has to, which is of mail alone"},
      {post + "kind = \"drifts\"", "kind wants one of compliance, drift"},
      {post + "format = \"pdf\"", "format wants one of html, csv, jsonl"},
      {post + "every = \"year\"", "every wants one of hour, day, week, month"},
      {post + "at = \"7\"", "at wants a time of day"},
      {post + "at = \"24:00\"", "at wants a time of day"},
      {post + "weekday = \"Mon\"", "weekday wants one of monday"},
      {post + "zone = \"Mars/Base\"", "zone wants the name of a time zone"},
      {post + "kind = \"drift\"\nframework = \"CIS\"", "has framework, which is of kind"},
      {start + "url = \"http://x\"\ntoken_file = \"/t\"", "a secret over plain http"},
      {start + "smtp = \"mail.x\"\nfrom = \"a@x\"\nto = [\"b@x\"]", "smtp wants to begin with"},
      {start + "smtp = \"smtp://x\"", "wants from and to"},
      {start + "smtp = \"smtp://a:b@x\"\nfrom = \"a@x\"\nto = [\"b@x\"]", "smtp holds an '@'"},
      {start + "from = \"a@x\\r\\nBcc: c@x\"", "from wants a mail address"},
      {start + "to = [\"<b@x>\"]", "which is no mail address"},
      {mail + "user = \"u\"", "wants both user and password_file"},
  };

  for (const auto& bad : kBad) {
    const auto config = ParseConfig(bad.text, "f");
    ASSERT_FALSE(config.ok()) << bad.text;
    EXPECT_THAT(std::string(Message(config.status())), HasSubstr(bad.said));
  }
}

TEST(ReportConfigTest, OnlyAMailServerOfThisMachineIsSpokenToInPlain) {
  EXPECT_TRUE(IsMailOfThisMachine("smtp://localhost:25"));
  EXPECT_TRUE(IsMailOfThisMachine("smtp://127.0.0.1:2525"));
  EXPECT_FALSE(IsMailOfThisMachine("smtp://localhost.example.org:25"));
  EXPECT_FALSE(IsMailOfThisMachine("smtp://mail.example.org"));
  EXPECT_FALSE(IsMailOfThisMachine("smtps://localhost:465"));
}

TEST(ReportConfigTest, EverySettingIsInTheDocuments) {
  std::ifstream file(std::string(FETTLE_SOURCE_DIR) + "/docs/reports.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  ASSERT_THAT(ReportSettings(), ::testing::SizeIs(::testing::Ge(21U)));
  for (const std::string_view setting : ReportSettings()) {
    EXPECT_THAT(document, ::testing::ContainsRegex("\n\\| .*`" + std::string(setting) + "`"));
  }
}

}  // namespace
}  // namespace fettle::server
