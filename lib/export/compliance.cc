// SPDX-License-Identifier: Apache-2.0
#include "lib/export/compliance.h"

#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/export/words.h"

namespace fettle::exports {
namespace {

std::string_view ClassOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_NOT_COMPLIANT:
      return "bad";
    case v1::VERDICT_WAIVED:
      return "waived";
    case v1::VERDICT_UNKNOWN:
      return "unknown";
    default:
      return "good";
  }
}

std::string ControlRows(const v1::AssessResponse& response) {
  std::string rows;
  for (const v1::ControlSummary& control : response.controls()) {
    std::vector<std::string> frameworks;
    for (const v1::FrameworkMapping& mapping : control.frameworks()) {
      frameworks.push_back(
          fmt::format("{} {}", mapping.framework(), fmt::join(mapping.requirements(), ", ")));
    }
    const v1::VerdictCounts& hosts = control.hosts();
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td>"
        "<td class=\"n{}\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td></tr>\n",
        MarkupText(control.id()),
        MarkupText(control.title()),
        MarkupText(control.severity()),
        MarkupText(fmt::format("{}", fmt::join(frameworks, "; "))),
        hosts.compliant(),
        hosts.not_compliant() > 0 ? " bad" : "",
        hosts.not_compliant(),
        hosts.waived(),
        hosts.unknown(),
        hosts.not_applicable());
  }
  return rows;
}

std::string FindingRows(const v1::AssessResponse& response) {
  std::string rows;
  for (const v1::ControlFinding& finding : response.findings()) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td></tr>\n",
        MarkupText(finding.control()),
        MarkupText(finding.host()),
        ClassOf(finding.verdict()),
        VerdictText(finding.verdict()),
        MarkupText(EvidenceText(finding)),
        MarkupText(WaiverText(finding)));
  }
  return rows;
}

}  // namespace

std::string ComplianceCsv(const v1::AssessResponse& response) {
  std::string csv =
      CsvLine({"control", "title", "severity", "host", "verdict", "evidence", "waiver", "taken"});
  std::map<std::string, const v1::ControlSummary*> controls;
  for (const v1::ControlSummary& control : response.controls()) {
    controls[control.id()] = &control;
  }
  for (const v1::ControlFinding& finding : response.findings()) {
    const auto found = controls.find(finding.control());
    csv += CsvLine({finding.control(),
                    found == controls.end() ? "" : found->second->title(),
                    found == controls.end() ? "" : found->second->severity(),
                    finding.host(),
                    std::string(VerdictText(finding.verdict())),
                    EvidenceText(finding),
                    WaiverText(finding),
                    UtcText(response.taken_us())});
  }
  return csv;
}

std::string ComplianceHtml(const v1::AssessResponse& response) {
  const v1::VerdictCounts& counts = response.counts();
  const std::string title = "Compliance, " + UtcText(response.taken_us());
  std::string html = fmt::format(
      "<h1>{}</h1>\n"
      "<p>{:.1f} % of what applies: {} compliant, {} waived, <span class=\"bad\">{} not "
      "compliant</span>, {} unknown; {} do not apply. {} hosts, {} controls.</p>\n",
      title,
      counts.score() * 100,
      counts.compliant(),
      counts.waived(),
      counts.not_compliant(),
      counts.unknown(),
      counts.not_applicable(),
      response.hosts_size(),
      response.controls_size());
  for (const std::string& note : NotesOf(response)) {
    html += fmt::format("<p class=\"bad\">{}</p>\n", MarkupText(note));
  }
  html += fmt::format(
      "<h2>Controls</h2>\n<table><thead><tr><th>Control</th><th>Title</th><th>Severity</th>"
      "<th>Frameworks</th><th class=\"n\">Compliant</th><th class=\"n\">Not</th>"
      "<th class=\"n\">Waived</th><th class=\"n\">Unknown</th><th class=\"n\">Not applicable</th>"
      "</tr></thead><tbody>\n{}</tbody></table>\n",
      ControlRows(response));
  html += fmt::format(
      "<h2>Findings{}</h2>\n<table><thead><tr><th>Control</th><th>Host</th><th>Verdict</th>"
      "<th>Evidence</th><th>Waiver</th></tr></thead><tbody>\n{}</tbody></table>\n",
      response.findings_cut() ? " (the first; there are more)" : "",
      FindingRows(response));
  return HtmlPage(title, html);
}

std::string ComplianceJunit(const v1::AssessResponse& response) {
  std::string cases;
  int failures = 0;
  int skipped = 0;
  int count = 0;
  const auto add = [&](std::string_view control, std::string_view host, std::string_view body) {
    ++count;
    cases += fmt::format("  <testcase classname=\"{}\" name=\"{}\">{}</testcase>\n",
                         MarkupText(control),
                         MarkupText(host),
                         body);
  };
  for (const v1::ControlSummary& control : response.controls()) {
    const v1::VerdictCounts& hosts = control.hosts();
    if (hosts.not_compliant() + hosts.waived() + hosts.unknown() == 0) {
      add(control.id(), "every host", "");
    }
  }
  for (const v1::ControlFinding& finding : response.findings()) {
    const std::string text = MarkupText(EvidenceText(finding));
    if (finding.verdict() == v1::VERDICT_WAIVED) {
      ++skipped;
      add(finding.control(),
          finding.host(),
          fmt::format("<skipped message=\"{}\"/>", MarkupText(WaiverText(finding))));
    } else if (finding.verdict() == v1::VERDICT_COMPLIANT) {
      add(finding.control(), finding.host(), "");
    } else {
      ++failures;
      add(finding.control(),
          finding.host(),
          fmt::format(
              "<failure message=\"{}\">{}</failure>", VerdictText(finding.verdict()), text));
    }
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"compliance\" "
      "timestamp=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{}</testsuite>\n",
      UtcText(response.taken_us()),
      count,
      failures,
      skipped,
      cases);
}

}  // namespace fettle::exports
