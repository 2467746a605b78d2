// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/notify/message.h"

namespace fettle::server::notify {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const Sender kSender{"fettle.example", "https://fettle.example:7443/", "ops"};

Notice Of(Kind kind,
          const std::string& host,
          const std::string& subject,
          const std::string& detail) {
  Notice notice;
  notice.key = {kind, host, subject};
  notice.detail = detail;
  notice.since = absl::FromUnixSeconds(1'700'000'000);
  return notice;
}

TEST(FormatTest, GenericSaysAllOfIt) {
  Notice drift = Of(Kind::kDrift, "web1", "file:/etc/motd", "content");
  drift.by = "vim /etc/motd (pid 812, root)";
  Bulletin bulletin = GroupTogether({&drift}, {}, {});
  bulletin.dropped = 3;
  const json body =
      json::parse(GenericBody(kSender, bulletin, "ID", absl::FromUnixSeconds(1'700'000'060)));
  const json expected = json::parse(R"json({
    "version": 1, "id": "ID", "server": "fettle.example", "hook": "ops",
    "link": "https://fettle.example:7443/", "time": "2023-11-14T22:14:20.000Z",
    "more_groups": 0, "dropped": 3, "cut": false,
    "groups": [{"status": "firing", "kind": "drift", "severity": "warning",
      "subject": "file:/etc/motd", "summary": "drift: file:/etc/motd on web1",
      "count": 1, "host_count": 1, "hosts": ["web1"], "since": "2023-11-14T22:13:20.000Z",
      "detail": "content", "by": "vim /etc/motd (pid 812, root)"}]})json");
  EXPECT_EQ(body, expected);
}

TEST(FormatTest, TheGravestComesFirst) {
  Notice drift = Of(Kind::kDrift, "a", "x", "");
  Notice failure = Of(Kind::kFailure, "a", "y", "");
  failure.severity = Severity::kCritical;
  const Notice over = Of(Kind::kSilence, "b", "", "");
  const Notice passed = Of(Kind::kDrift, "c", "z", "");
  const Bulletin bulletin = GroupTogether({&drift, &failure}, {&over}, {&passed});
  std::vector<std::string> summaries;
  for (const Group& group : bulletin.groups) {
    summaries.push_back(Summary(group));
  }
  EXPECT_THAT(summaries,
              ::testing::ElementsAre(
                  "failure: y on a", "drift: x on a", "drift: z on c", "over: silence on b"));
}

TEST(FormatTest, TheSameOnOneHostAgainAndAgainIsCounted) {
  const Notice drift = Of(Kind::kDrift, "a", "x", "");
  const Bulletin bulletin = GroupTogether({}, {}, {&drift, &drift, &drift});
  ASSERT_EQ(bulletin.groups.size(), 1U);
  EXPECT_EQ(Summary(bulletin.groups[0]), "drift: x on a, 3 times");
}

TEST(FormatTest, TooManyGroupsAreCounted) {
  std::vector<Notice> notices;
  for (std::size_t i = 0; i < kMostGroups + 5; ++i) {
    notices.push_back(Of(Kind::kDrift, "a", "x" + std::to_string(i), ""));
  }
  std::vector<const Notice*> pointers;
  for (const Notice& notice : notices) {
    pointers.push_back(&notice);
  }
  const Bulletin bulletin = GroupTogether(pointers, {}, {});
  EXPECT_EQ(bulletin.groups.size(), kMostGroups);
  EXPECT_EQ(bulletin.more, 5U);
  EXPECT_THAT(json::parse(SlackBody(kSender, bulletin))["text"].get<std::string>(),
              HasSubstr("and 185 more\n"));
}

TEST(FormatTest, WhatHostsSayIsNoMarkupForSlack) {
  const Notice bad = Of(Kind::kDrift, "a", "file:/<!channel>&`x`\n*b*", "<https://evil|click>");
  const std::string text =
      json::parse(SlackBody(kSender, GroupTogether({&bad}, {}, {})))["text"].get<std::string>();
  EXPECT_THAT(text, HasSubstr("`drift: file:/&lt;!channel&gt;&amp;'x' *b* on a`"));
  EXPECT_THAT(text, HasSubstr("`&lt;https://evil|click&gt;`"));
  EXPECT_THAT(text, Not(HasSubstr("<!")));
}

TEST(FormatTest, SlackIsToldWhatWasDropped) {
  Bulletin bulletin;
  bulletin.dropped = 2;
  bulletin.cut = true;
  const std::string text = json::parse(SlackBody(kSender, bulletin))["text"];
  EXPECT_THAT(text, HasSubstr("2 were dropped"));
  EXPECT_THAT(text, HasSubstr("more than is looked at"));
}

TEST(FormatTest, BytesThatAreNoTextBreakNoFormat) {
  const Notice bad = Of(Kind::kDrift, "a", "file:/\xff\xfe", "\xc3");
  const Bulletin bulletin = GroupTogether({&bad}, {}, {});
  EXPECT_FALSE(
      json::parse(GenericBody(kSender, bulletin, "ID", {}), nullptr, false).is_discarded());
  EXPECT_FALSE(json::parse(SlackBody(kSender, bulletin), nullptr, false).is_discarded());
  EXPECT_FALSE(json::parse(AlertmanagerBody(kSender, {{&bad, absl::Time()}}), nullptr, false)
                   .is_discarded());
}

TEST(FormatTest, AnAlertHasLabelsOfWhatItIsAndNotOfWhen) {
  Notice notice = Of(Kind::kFailure, "web1", "service:nginx", "exited 1");
  notice.severity = Severity::kCritical;
  const json body =
      json::parse(AlertmanagerBody(kSender, {{&notice, absl::FromUnixSeconds(1'700'000'240)}}));
  const json expected = json::parse(R"([{
    "labels": {"alertname": "FettleFailure", "kind": "failure", "severity": "critical",
      "fettle": "fettle.example", "host": "web1", "subject": "service:nginx"},
    "annotations": {"summary": "failure: service:nginx on web1", "description": "exited 1"},
    "startsAt": "2023-11-14T22:13:20.000Z", "endsAt": "2023-11-14T22:17:20.000Z",
    "generatorURL": "https://fettle.example:7443/"}])");
  EXPECT_EQ(body, expected);
}

TEST(FormatTest, AnAlertOfTheServerNamesNoHost) {
  const Notice notice = Of(Kind::kExpiring, "", "certificate of the server", "");
  const json body = json::parse(AlertmanagerBody(kSender, {{&notice, absl::FromUnixSeconds(1)}}));
  EXPECT_FALSE(body[0]["labels"].contains("host"));
}

TEST(FormatTest, AnAlertNeverEndsBeforeItBegan) {
  // A host's clock may be ahead of the server's; Alertmanager would refuse the whole body.
  Notice notice = Of(Kind::kDrift, "a", "x", "");
  notice.since = absl::FromUnixSeconds(1'800'000'000);
  const json body =
      json::parse(AlertmanagerBody(kSender, {{&notice, absl::FromUnixSeconds(1'700'000'000)}}));
  EXPECT_EQ(body[0]["startsAt"], body[0]["endsAt"]);
}

TEST(FormatTest, TheApisPathIsAddedToAlertmanagersAddress) {
  EXPECT_EQ(AlertmanagerUrl("http://am:9093"), "http://am:9093/api/v2/alerts");
  EXPECT_EQ(AlertmanagerUrl("http://am:9093/"), "http://am:9093/api/v2/alerts");
  EXPECT_EQ(AlertmanagerUrl("https://x/am"), "https://x/am/api/v2/alerts");
  EXPECT_EQ(AlertmanagerUrl("https://x/api/v2/alerts"), "https://x/api/v2/alerts");
}

}  // namespace
}  // namespace fettle::server::notify
