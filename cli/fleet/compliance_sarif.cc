// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_words.h"

namespace fettle::cli {
namespace {

using nlohmann::ordered_json;

// In messages braces stand for arguments and brackets for links (SARIF 2.1.0, 3.11.5 and 3.11.6).
std::string MessageText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '{' || c == '}') {
      escaped += c;
    } else if (c == '[' || c == ']' || c == '\\') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

std::string_view LevelOf(std::string_view severity) {
  if (severity == "critical" || severity == "high") {
    return "error";
  }
  return severity == "low" ? "note" : "warning";
}

ordered_json RuleOf(const v1::ControlSummary& control) {
  ordered_json rule = {{"id", control.id()}, {"guid", StableUuid({"control", control.id()})}};
  if (!control.title().empty()) {
    rule["shortDescription"] = {{"text", control.title()}};
  }
  if (!control.description().empty()) {
    rule["fullDescription"] = {{"text", control.description()}};
  }
  rule["defaultConfiguration"] = {{"level", LevelOf(control.severity())}};
  ordered_json tags = ordered_json::array();
  for (const v1::FrameworkMapping& mapping : control.frameworks()) {
    for (const std::string& requirement : mapping.requirements()) {
      tags.push_back(fmt::format("{} {}", mapping.framework(), requirement));
    }
  }
  rule["properties"] = {{"severity", control.severity()}, {"tags", std::move(tags)}};
  return rule;
}

ordered_json LocationOf(const v1::ControlFinding& finding, const v1::ControlEvidence& evidence) {
  ordered_json location;
  if (const Place place = PlaceOf(evidence.position()); !place.path.empty()) {
    location["physicalLocation"]["artifactLocation"] = {{"uri", UriOfPath(place.path)},
                                                        {"uriBaseId", "TREE"}};
    if (place.line > 0) {
      location["physicalLocation"]["region"] = {{"startLine", place.line}};
    }
  }
  location["logicalLocations"] = ordered_json::array();
  location["logicalLocations"].push_back(
      {{"name", evidence.resource()},
       {"fullyQualifiedName", fmt::format("{}/{}", finding.host(), evidence.resource())},
       {"kind", "resource"}});
  location["message"] = {{"text", MessageText(EvidenceText(evidence))}};
  return location;
}

// Empty for what is not waived: where some results say what suppresses them, all have to.
ordered_json SuppressionsOf(const v1::ControlFinding& finding) {
  ordered_json suppressions = ordered_json::array();
  if (finding.verdict() == v1::VERDICT_WAIVED) {
    suppressions.push_back({{"kind", "external"},
                            {"status", "accepted"},
                            {"justification", WaiverText(finding)},
                            {"properties", {{"position", finding.waiver().position()}}}});
  }
  return suppressions;
}

ordered_json ResultOf(const v1::ControlFinding& finding,
                      std::string_view severity,
                      const ordered_json& index) {
  const bool failed =
      finding.verdict() == v1::VERDICT_NOT_COMPLIANT || finding.verdict() == v1::VERDICT_WAIVED;
  const bool passed = finding.verdict() == v1::VERDICT_COMPLIANT;
  std::string message = fmt::format(
      "{} on {}: {}", finding.control(), finding.host(), VerdictText(finding.verdict()));
  if (finding.has_waiver()) {
    message += "; " + WaiverText(finding);
  }
  const std::string id = StableUuid({"finding", finding.control(), finding.host()});
  ordered_json result = {{"ruleId", finding.control()}};
  if (!index.is_null()) {
    result["ruleIndex"] = index;
  }
  result["kind"] = failed ? "fail" : passed ? "pass" : "open";
  result["level"] = failed ? LevelOf(severity) : "none";
  result["message"] = {{"text", MessageText(message)}};
  result["locations"] = ordered_json::array();
  for (const v1::ControlEvidence& one : finding.evidence()) {
    result["locations"].push_back(LocationOf(finding, one));
  }
  result["guid"] = id;
  result["partialFingerprints"] = {{"controlOnHost/v1", id}};
  result["suppressions"] = SuppressionsOf(finding);
  result["properties"] = {{"host", finding.host()}, {"verdict", VerdictText(finding.verdict())}};
  return result;
}

ordered_json InvocationOf(const v1::AssessResponse& response) {
  ordered_json notifications = ordered_json::array();
  for (const std::string& problem : response.problems()) {
    notifications.push_back({{"level", "error"}, {"message", {{"text", MessageText(problem)}}}});
  }
  for (const std::string& caveat : response.caveats()) {
    notifications.push_back({{"level", "note"}, {"message", {{"text", MessageText(caveat)}}}});
  }
  if (response.findings_cut()) {
    notifications.push_back(
        {{"level", "warning"}, {"message", {{"text", "not all findings are listed"}}}});
  }
  return {{"executionSuccessful", true},
          {"endTimeUtc", UtcText(response.taken_us())},
          {"toolExecutionNotifications", std::move(notifications)}};
}

}  // namespace

std::string ComplianceSarif(const v1::AssessResponse& response) {
  ordered_json rules = ordered_json::array();
  std::map<std::string, ordered_json> indices;
  for (const v1::ControlSummary& control : response.controls()) {
    indices[control.id()] = rules.size();
    rules.push_back(RuleOf(control));
  }
  ordered_json results = ordered_json::array();
  for (const v1::ControlFinding& finding : response.findings()) {
    const auto found = indices.find(finding.control());
    const bool known = found != indices.end();
    const std::string severity =
        known ? response.controls(found->second.get<int>()).severity() : "";
    results.push_back(ResultOf(finding, severity, known ? found->second : ordered_json()));
  }
  ordered_json run;
  run["tool"]["driver"] = {{"name", "fettle"}, {"rules", std::move(rules)}};
  run["invocations"] = ordered_json::array();
  run["invocations"].push_back(InvocationOf(response));
  run["originalUriBaseIds"]["TREE"] = {
      {"description", {{"text", "the policy tree of the revision that the host enforces"}}}};
  run["columnKind"] = "unicodeCodePoints";
  run["results"] = std::move(results);
  ordered_json log = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"}};
  log["runs"] = ordered_json::array();
  log["runs"].push_back(std::move(run));
  return JsonFile(log);
}

}  // namespace fettle::cli
