// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_words.h"

namespace fettle::cli {
namespace {

// By control and host.
using Findings = std::map<std::pair<std::string_view, std::string_view>, const v1::ControlFinding*>;

std::string RuleId(std::string_view control) {
  return "xccdf_fettle_rule_" + TokenOf(control);
}

std::string_view SeverityOf(std::string_view severity) {
  if (severity.empty()) {
    return "unknown";
  }
  return severity == "critical" ? "high" : severity;
}

std::string Element(std::string_view name, std::string_view text) {
  return text.empty() ? "" : fmt::format("    <{0}>{1}</{0}>\n", name, MarkupText(text));
}

std::string RuleOf(const v1::ControlSummary& control) {
  std::string references;
  for (const v1::FrameworkMapping& mapping : control.frameworks()) {
    for (const std::string& requirement : mapping.requirements()) {
      references += Element("reference", fmt::format("{} {}", mapping.framework(), requirement));
    }
  }
  return fmt::format("  <Rule id=\"{}\" selected=\"true\" severity=\"{}\">\n{}{}{}  </Rule>\n",
                     RuleId(control.id()),
                     SeverityOf(control.severity()),
                     Element("title", control.title().empty() ? control.id() : control.title()),
                     Element("description", control.description()),
                     references);
}

// A waiver overrides what was found, and says so.
std::string OverrideOf(const v1::ControlFinding& finding, int64_t taken_us) {
  return fmt::format(
      "      <override time=\"{}\" authority=\"{}\"><old-result>fail</old-result>"
      "<new-result>pass</new-result><remark>{}</remark></override>\n",
      UtcText(taken_us),
      MarkupText(finding.waiver().approver()),
      MarkupText(WaiverText(finding)));
}

std::string_view ResultOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_COMPLIANT:
    case v1::VERDICT_WAIVED:
      return "pass";
    case v1::VERDICT_NOT_COMPLIANT:
      return "fail";
    case v1::VERDICT_NOT_APPLICABLE:
      return "notapplicable";
    default:
      return "unknown";
  }
}

std::string Message(std::string_view severity, std::string_view text) {
  return fmt::format("      <message severity=\"{}\">{}</message>\n", severity, MarkupText(text));
}

// What a host that has no finding has nothing for.
std::string RuleResultOf(const v1::ControlSummary& control,
                         const v1::ControlFinding* finding,
                         int64_t taken_us) {
  const v1::Verdict verdict = finding == nullptr ? v1::VERDICT_NOT_APPLICABLE : finding->verdict();
  std::string text = fmt::format(
      "    <rule-result idref=\"{}\" time=\"{}\" severity=\"{}\">\n      <result>{}</result>\n",
      RuleId(control.id()),
      UtcText(taken_us),
      SeverityOf(control.severity()),
      ResultOf(verdict));
  if (finding != nullptr) {
    text += verdict == v1::VERDICT_WAIVED ? OverrideOf(*finding, taken_us) : "";
    const bool off = verdict == v1::VERDICT_NOT_COMPLIANT || verdict == v1::VERDICT_WAIVED;
    for (const v1::ControlEvidence& one : finding->evidence()) {
      text += Message(off ? "error" : "info", EvidenceText(one));
    }
    if (finding->has_waiver() && verdict != v1::VERDICT_WAIVED) {
      text += Message("warning", WaiverText(*finding));
    }
  }
  return text + "    </rule-result>\n";
}

std::string TestResultOf(const v1::HostSummary& host,
                         const v1::AssessResponse& response,
                         const Findings& findings) {
  const std::string name = MarkupText(host.host());
  std::string text = fmt::format(
      "  <TestResult id=\"xccdf_fettle_testresult_{0}\" start-time=\"{1}\" end-time=\"{1}\" "
      "test-system=\"fettle\" version=\"{2}\">\n    <title>{3}</title>\n",
      TokenOf(host.host()),
      UtcText(response.taken_us()),
      MarkupText(host.revision().empty() ? "-" : host.revision()),
      name);
  for (const std::string& note : NotesOf(response)) {
    text += Element("remark", note);
  }
  text += fmt::format(
      "    <target>{0}</target>\n    <target-facts><fact "
      "name=\"urn:xccdf:fact:asset:identifier:host_name\" type=\"string\">{0}</fact>"
      "</target-facts>\n",
      name);
  for (const v1::ControlSummary& control : response.controls()) {
    const auto found = findings.find({control.id(), host.host()});
    text += RuleResultOf(
        control, found == findings.end() ? nullptr : found->second, response.taken_us());
  }
  return text + fmt::format(
                    "    <score system=\"urn:xccdf:scoring:default\" maximum=\"100\">{:.4f}"
                    "</score>\n  </TestResult>\n",
                    host.controls().score() * 100);
}

}  // namespace

std::string ComplianceXccdf(const v1::AssessResponse& response) {
  Findings findings;
  for (const v1::ControlFinding& finding : response.findings()) {
    findings[{finding.control(), finding.host()}] = &finding;
  }
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Benchmark xmlns=\"http://checklists.nist.gov/xccdf/1.2\" "
      "id=\"xccdf_fettle_benchmark_compliance\" xml:lang=\"en\">\n"
      "  <status>accepted</status>\n  <title>Compliance</title>\n"
      "  <version>{}</version>\n",
      UtcText(response.taken_us()));
  for (const v1::ControlSummary& control : response.controls()) {
    xml += RuleOf(control);
  }
  for (const v1::HostSummary& host : response.hosts()) {
    xml += TestResultOf(host, response, findings);
  }
  return xml + "</Benchmark>\n";
}

}  // namespace fettle::cli
