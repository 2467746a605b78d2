// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/report_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {
namespace {

TEST(ReportJsonTest, HasTheWholeReport) {
  resource::RunReport report;
  report.id = "01J";
  report.host = "web1";
  report.started = absl::FromUnixSeconds(1767225600);
  report.counts = {.ok = 3, .changed = 1};
  resource::ResourceReport resource;
  resource.id = "file:/a";
  resource.state = resource::State::kChanged;
  resource.cause = resource::Cause::kDrift;
  resource.controls = {"CIS-1"};
  resource.differences = {{"mode", "0600", "0644", "0644", "", resource::Cause::kDrift}};
  report.resources = {resource};
  const auto json = nlohmann::json::parse(ReportJson(report));
  EXPECT_EQ(json["host"], "web1");
  EXPECT_EQ(json["started"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(json["counts"]["total"], 4);
  EXPECT_EQ(json["exit_code"], 2);
  EXPECT_EQ(json["resources"][0]["state"], "changed");
  EXPECT_EQ(json["resources"][0]["differences"][0]["cause"], "drift");
  EXPECT_EQ(json["resources"][0]["controls"][0], "CIS-1");
}

TEST(ReportJsonTest, TextThatIsNotUtf8DoesNotBreakIt) {
  resource::RunReport report;
  report.error = "bad \xff byte";
  EXPECT_TRUE(nlohmann::json::accept(ReportJson(report)));
}

}  // namespace
}  // namespace fettle::engine
