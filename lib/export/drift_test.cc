// SPDX-License-Identifier: Apache-2.0
#include "lib/export/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"

namespace fettle::exports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DriftOfTime Drift() {
  DriftOfTime drift;
  drift.since = absl::FromUnixSeconds(1'700'000'000);
  drift.until = absl::FromUnixSeconds(1'700'086'400);
  for (const char* host : {"web1", "=web2"}) {
    v1::DriftRecord& record = drift.records.emplace_back();
    record.set_host(host);
    record.set_id("file:/tmp/<script>alert(1)</script>");
    record.set_seen_us(1'700'000'000'000'000);
    record.add_differences()->set_attribute("content");
  }
  drift.records[0].set_outcome(v1::DRIFT_CORRECTED);
  drift.records[0].mutable_actor()->set_login("ann");
  drift.records[1].set_outcome(v1::DRIFT_OPEN);
  return drift;
}

TEST(DriftExportTest, TheSummaryCounts) {
  EXPECT_EQ(DriftSummary(Drift()),
            "2 drifts of 1 resources on 2 hosts: 1 open, 1 put right, 0 failed, 0 ended");
}

TEST(DriftExportTest, WhatHostsSayIsNoMarkup) {
  const std::string html = DriftHtml(Drift());
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("<td class=\"n\">2</td><td>=web2, web1</td>"));
  EXPECT_THAT(html, HasSubstr("login ann"));
}

TEST(DriftExportTest, CsvRunsNoFormula) {
  const auto text = DriftCsv(Drift());
  EXPECT_THAT(text, HasSubstr("\"'=web2\""));
  EXPECT_EQ(SplitLines(text).size(), 3U);
}

TEST(DriftExportTest, EveryLineIsAnObject) {
  const std::string text = DriftJsonLines(Drift());
  const auto lines = SplitLines(text);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(lines[0])["outcome"], "put right");
  EXPECT_EQ(nlohmann::json::parse(lines[1])["differences"][0]["attribute"], "content");
}

}  // namespace
}  // namespace fettle::exports
