// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/document.h"

#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/export/compliance.h"
#include "lib/export/drift.h"
#include "lib/export/words.h"
#include "server/fleet/host_view.h"
#include "server/reports/assessment_to_proto.h"
#include "server/reports/to_proto.h"

namespace fettle::server::schedule {
namespace {

constexpr uint32_t kMostDrift = 10'000;
constexpr int kMostControls = 20;  // In the text.

std::string_view TypeOf(ReportFormat format) {
  switch (format) {
    case ReportFormat::kCsv:
      return "text/csv; charset=utf-8";
    case ReportFormat::kJsonLines:
      return "application/x-ndjson; charset=utf-8";
    case ReportFormat::kHtml:
      break;
  }
  return "text/html; charset=utf-8";
}

std::string ContentOf(ReportFormat format, const v1::AssessResponse& response) {
  switch (format) {
    case ReportFormat::kCsv:
      return exports::ComplianceCsv(response);
    case ReportFormat::kJsonLines:
      return exports::ComplianceJsonLines(response);
    case ReportFormat::kHtml:
      break;
  }
  return exports::ComplianceHtml(response);
}

std::string ContentOf(ReportFormat format, const exports::DriftOfTime& drift) {
  switch (format) {
    case ReportFormat::kCsv:
      return exports::DriftCsv(drift);
    case ReportFormat::kJsonLines:
      return exports::DriftJsonLines(drift);
    case ReportFormat::kHtml:
      break;
  }
  return exports::DriftHtml(drift);
}

// The controls that are not fulfilled everywhere, in words.
std::string ControlsText(const v1::AssessResponse& response) {
  std::string text;
  int listed = 0;
  int more = 0;
  for (const v1::ControlSummary& control : response.controls()) {
    if (control.hosts().not_compliant() == 0) {
      continue;
    }
    if (listed++ < kMostControls) {
      text += exports::Safe(fmt::format("{} {}: not compliant on {} hosts\n",
                                        control.id(),
                                        control.title(),
                                        control.hosts().not_compliant()));
    } else {
      ++more;
    }
  }
  return more == 0 ? text : text + fmt::format("… and {} more\n", more);
}

}  // namespace

absl::StatusOr<Document> Writer::Write(const ScheduledReport& report,
                                       absl::Time since,
                                       absl::Time due) {
  ASSIGN_OR_RETURN(
      Document document,
      report.kind == ReportKind::kDrift ? WriteDrift(report, since, due) : WriteCompliance(report));
  document.file_name = fmt::format("{}-{}.{}",
                                   ReportKindName(report.kind),
                                   absl::FormatTime("%Y-%m-%d", due, report.times.zone),
                                   ReportFormatName(report.format));
  document.file_type = TypeOf(report.format);
  return document;
}

absl::StatusOr<Document> Writer::WriteCompliance(const ScheduledReport& report) {
  AssessmentScope scope;
  scope.filter = report.filter;
  scope.framework = report.framework;
  ASSIGN_OR_RETURN(const Assessment assessment, assessor_.Assess(scope));
  const v1::AssessResponse response = ToProto(assessment, false);
  const v1::VerdictCounts& counts = response.counts();
  Document document;
  document.summary = fmt::format(
      "{:.1f} % compliant: {} compliant, {} waived, {} not compliant, {} unknown, on {} hosts",
      counts.score() * 100,
      counts.compliant(),
      counts.waived(),
      counts.not_compliant(),
      counts.unknown(),
      response.hosts_size());
  document.text = document.summary + "\n\n" + ControlsText(response);
  document.content = ContentOf(report.format, response);
  return document;
}

absl::StatusOr<Document> Writer::WriteDrift(const ScheduledReport& report,
                                            absl::Time since,
                                            absl::Time due) {
  std::set<std::string> hosts;
  ASSIGN_OR_RETURN(const auto found, FindHosts(store_, report.filter, clock_.Now(), heartbeat_));
  for (const HostView& host : found) {
    hosts.insert(host.record.name);
  }
  Window window;
  window.since = since;
  window.until = due;
  window.most = kMostDrift;
  exports::DriftOfTime drift;
  drift.since = since;
  drift.until = due;
  ASSIGN_OR_RETURN(const absl::Time whole_since,
                   store_.history().VisitDrift(
                       window,
                       [&](const std::string& host) { return hosts.contains(host); },
                       [&](const DriftEntry& entry) {
                         drift.records.push_back(ToProto(entry));
                         return true;
                       }));
  drift.cut = whole_since != absl::InfinitePast();
  Document document;
  document.summary = exports::DriftSummary(drift);
  document.text =
      fmt::format("{}\n\nFrom {} to {}.\n", document.summary, Rfc3339(since), Rfc3339(due));
  document.content = ContentOf(report.format, drift);
  return document;
}

}  // namespace fettle::server::schedule
