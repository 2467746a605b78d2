// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_words.h"
#include "cli/fleet/pdf_pages.h"
#include "cli/fleet/present.h"

namespace fettle::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string FrameworksText(const v1::ControlSummary& control) {
  std::vector<std::string> frameworks;
  for (const v1::FrameworkMapping& mapping : control.frameworks()) {
    frameworks.push_back(
        fmt::format("{} {}", mapping.framework(), fmt::join(mapping.requirements(), ", ")));
  }
  return fmt::format("{}", fmt::join(frameworks, "; "));
}

// The columns of counts, at the end of a row.
void AddCounts(const v1::VerdictCounts& counts, std::vector<std::string>* row) {
  row->push_back(fmt::format("{:.1f} %", counts.score() * 100));
  for (const uint32_t count : {counts.compliant(),
                               counts.not_compliant(),
                               counts.waived(),
                               counts.unknown(),
                               counts.not_applicable()}) {
    row->push_back(fmt::format("{}", count));
  }
}

void AddCountColumns(std::vector<PdfColumn>* columns) {
  columns->insert(columns->end(),
                  {{"Score", 1.4F},
                   {"OK", 0.8F},
                   {"Not", 0.8F},
                   {"Waived", 1.3F},
                   {"Unknown", 1.6F},
                   {"N/A", 0.8F}});
}

void Controls(const v1::AssessResponse& response, PdfPages* pages) {
  std::vector<PdfColumn> columns = {
      {"Control", 2.4F}, {"Title", 3.4F}, {"Severity", 1.5F}, {"Frameworks", 2.4F}};
  AddCountColumns(&columns);
  Rows rows;
  for (const v1::ControlSummary& control : response.controls()) {
    std::vector<std::string> row = {
        control.id(), control.title(), control.severity(), FrameworksText(control)};
    AddCounts(control.hosts(), &row);
    rows.push_back(std::move(row));
  }
  pages->Heading("Controls");
  pages->Table(columns, rows);
}

void Hosts(const v1::AssessResponse& response, PdfPages* pages) {
  std::vector<PdfColumn> columns = {{"Host", 6}, {"Revision", 2}};
  AddCountColumns(&columns);
  Rows rows;
  for (const v1::HostSummary& host : response.hosts()) {
    std::vector<std::string> row = {host.host(), host.revision()};
    AddCounts(host.controls(), &row);
    rows.push_back(std::move(row));
  }
  pages->Heading("Hosts");
  pages->Table(columns, rows);
}

void Findings(const v1::AssessResponse& response, PdfPages* pages) {
  Rows rows;
  for (const v1::ControlFinding& finding : response.findings()) {
    std::string shown = EvidenceText(finding);
    const std::string waiver = WaiverText(finding);
    shown += shown.empty() || waiver.empty() ? "" : "; ";
    rows.push_back({finding.control(),
                    finding.host(),
                    std::string(VerdictText(finding.verdict())),
                    shown + waiver});
  }
  pages->Heading(response.findings_cut() ? "Findings (the first; there are more)" : "Findings");
  pages->Table({{"Control", 2}, {"Host", 2}, {"Verdict", 1.4F}, {"Evidence and waiver", 6}}, rows);
}

}  // namespace

absl::StatusOr<std::string> CompliancePdf(const v1::AssessResponse& response,
                                          const std::string& scope) {
  const v1::VerdictCounts& counts = response.counts();
  PdfPages pages("Compliance", FromMicroseconds(response.taken_us()));
  pages.Paragraph(fmt::format("As of {}. Scope: {}.", UtcText(response.taken_us()), scope));
  pages.Paragraph(
      fmt::format("Score: {:.1f} % of what applies. {} compliant, {} waived, {} not compliant, {} "
                  "unknown; {} do not apply. {} hosts, {} controls.",
                  counts.score() * 100,
                  counts.compliant(),
                  counts.waived(),
                  counts.not_compliant(),
                  counts.unknown(),
                  counts.not_applicable(),
                  response.hosts_size(),
                  response.controls_size()));
  for (const std::string& note : NotesOf(response)) {
    pages.Paragraph("Note: " + note);
  }
  Controls(response, &pages);
  Hosts(response, &pages);
  Findings(response, &pages);
  return pages.Finish();
}

}  // namespace fettle::cli
