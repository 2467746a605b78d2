// SPDX-License-Identifier: Apache-2.0
#include "server/http/metrics.h"

#include <fstream>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::server::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

HostView Host(Presence presence) {
  HostView host;
  host.presence = presence;
  host.record.paused_until = absl::InfinitePast();
  host.record.certificate_expires = absl::InfinitePast();
  return host;
}

TEST(MetricsTest, HostsAndTheirResourcesAreCounted) {
  HostView good = Host(Presence::kConnected);
  good.record.counts.ok = 10;
  good.record.certificate_expires = absl::FromUnixSeconds(2'000'000'000);
  HostView bad = Host(Presence::kSilent);
  bad.record.counts.ok = 5;
  bad.record.counts.failed = 2;
  bad.record.open_drift = 3;
  bad.record.revision = "r1";
  bad.assigned = "r2";
  bad.record.certificate_expires = absl::FromUnixSeconds(1'900'000'000);
  const std::string text = MetricsText({good, bad},
                                       {7,
                                        8,
                                        9,
                                        true,
                                        {{"ops", 10, 11, 12, 13}},
                                        {{"soc", 14, 15, 16, 17}},
                                        {{"weekly", 18, 19, 20}}});
  for (const char* line : {"fettle_hosts{presence=\"connected\"} 1\n",
                           "fettle_hosts{presence=\"silent\"} 1\n",
                           "fettle_hosts{presence=\"revoked\"} 0\n",
                           "fettle_hosts_behind 1\n",
                           "fettle_hosts_drifted 1\n",
                           "fettle_hosts_failed 1\n",
                           "fettle_resources{state=\"ok\"} 15\n",
                           "fettle_resources{state=\"failed\"} 2\n",
                           "fettle_drift_open 3\n",
                           "fettle_host_certificate_first_expiry_timestamp_seconds 1900000000\n",
                           "fettle_sessions 7\n",
                           "fettle_evidence_leaves 8\n",
                           "fettle_database_bytes 9\n",
                           "fettle_database_damaged 1\n",
                           "fettle_notifications_sent_total{hook=\"ops\",result=\"ok\"} 10\n",
                           "fettle_notifications_sent_total{hook=\"ops\",result=\"failed\"} 11\n",
                           "fettle_notifications_dropped_total{hook=\"ops\"} 12\n",
                           "fettle_notifications_pending{hook=\"ops\"} 13\n",
                           "fettle_siem_sent_total{outlet=\"soc\"} 14\n",
                           "fettle_siem_failures_total{outlet=\"soc\"} 15\n",
                           "fettle_siem_lost_total{outlet=\"soc\"} 16\n",
                           "fettle_siem_behind{outlet=\"soc\"} 17\n",
                           "fettle_reports_sent_total{report=\"weekly\",result=\"ok\"} 18\n",
                           "fettle_reports_sent_total{report=\"weekly\",result=\"failed\"} 19\n",
                           "fettle_reports_missed_total{report=\"weekly\"} 20\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, WhatARevokedHostSaidLastCountsNoMore) {
  HostView revoked = Host(Presence::kRevoked);
  revoked.record.counts.failed = 2;
  revoked.record.open_drift = 3;
  const std::string text = MetricsText({revoked}, {});
  EXPECT_THAT(text, HasSubstr("fettle_hosts{presence=\"revoked\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("fettle_drift_open 0\n"));
  EXPECT_THAT(text, HasSubstr("fettle_hosts_failed 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("expiry")));
}

// The exposition format: help and type before the lines of a metric, each metric once.
TEST(MetricsTest, EveryLineIsOfTheFormatAndEveryMetricIsInTheDocuments) {
  HostView host = Host(Presence::kConnected);
  host.record.certificate_expires = absl::FromUnixSeconds(2'000'000'000);
  std::ifstream file(std::string(FETTLE_SOURCE_DIR) + "/docs/metrics.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  std::istringstream lines(MetricsText(
      {host},
      {0, 0, 0, false, {{"ops-1", 0, 0, 0, 0}}, {{"soc", 0, 0, 0, 0}}, {{"weekly", 0, 0, 0}}}));
  const std::regex help("# HELP (fettle_[a-z_]+) .+\\.");
  const std::regex type("# TYPE (fettle_[a-z_]+) (gauge|counter)");
  const std::regex value("(fettle_[a-z_]+)(\\{([a-z]+=\"[a-z0-9 -]+\",?)+\\})? [0-9]+");
  std::set<std::string> seen;
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      current = match[1];
      EXPECT_TRUE(seen.insert(current).second) << current;
      EXPECT_THAT(document, HasSubstr("`" + current)) << "docs/metrics.md";
    } else {
      ASSERT_TRUE(std::regex_match(line, match, type) || std::regex_match(line, match, value))
          << line;
      EXPECT_EQ(match[1], current);
    }
  }
  EXPECT_EQ(seen.size(), 22U);
}

}  // namespace
}  // namespace fettle::server::http
