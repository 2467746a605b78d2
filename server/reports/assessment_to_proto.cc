// SPDX-License-Identifier: Apache-2.0
#include "server/reports/assessment_to_proto.h"

#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

v1::Verdict ToProto(compliance::Verdict verdict) {
  switch (verdict) {
    case compliance::Verdict::kCompliant:
      return v1::VERDICT_COMPLIANT;
    case compliance::Verdict::kNotCompliant:
      return v1::VERDICT_NOT_COMPLIANT;
    case compliance::Verdict::kWaived:
      return v1::VERDICT_WAIVED;
    case compliance::Verdict::kNotApplicable:
      return v1::VERDICT_NOT_APPLICABLE;
    case compliance::Verdict::kUnknown:
      return v1::VERDICT_UNKNOWN;
  }
  return v1::VERDICT_UNSPECIFIED;
}

v1::WaiverRecord ToProto(const Assessment::WaiverNote& note) {
  v1::WaiverRecord waiver;
  waiver.set_control(note.waiver.control);
  waiver.set_hosts(note.waiver.hosts);
  waiver.set_reason(note.waiver.reason);
  waiver.set_approver(note.waiver.approver);
  waiver.set_compensating(note.waiver.compensating);
  waiver.set_until_us(absl::ToUnixMicros(note.waiver.until));
  waiver.set_position(note.waiver.position);
  waiver.set_revision(note.revision);
  waiver.set_ended(note.ended);
  return waiver;
}

v1::ControlSummary ToProto(const Assessment::ControlResult& result) {
  v1::ControlSummary summary;
  summary.set_id(result.control.id);
  summary.set_title(result.control.title);
  summary.set_description(result.control.description);
  summary.set_severity(std::string(compliance::SeverityName(result.control.severity)));
  summary.set_position(result.control.position);
  for (const auto& [framework, requirements] : result.control.frameworks) {
    v1::FrameworkMapping& mapping = *summary.add_frameworks();
    mapping.set_framework(framework);
    mapping.mutable_requirements()->Assign(requirements.begin(), requirements.end());
  }
  *summary.mutable_hosts() = server::ToProto(result.hosts);
  return summary;
}

void AddDetails(const compliance::Evidence& evidence, v1::ControlEvidence* to) {
  for (const resource::DifferenceRecord& difference : evidence.differences) {
    *to->add_differences() = wire::ToProto(difference);
  }
  to->set_error(evidence.error);
  if (evidence.actor.has_value()) {
    *to->mutable_actor() = wire::ToProto(*evidence.actor);
  }
}

v1::ControlFinding ToProto(const Assessment::FindingResult& result, bool details) {
  v1::ControlFinding finding;
  finding.set_control(result.control);
  finding.set_host(result.host);
  finding.set_verdict(ToProto(result.verdict));
  for (const compliance::Evidence& evidence : result.evidence) {
    v1::ControlEvidence& one = *finding.add_evidence();
    one.set_resource(evidence.resource);
    one.set_state(wire::ToProto(evidence.state));
    one.set_since_us(absl::ToUnixMicros(evidence.since));
    one.set_position(evidence.position);
    if (details) {
      AddDetails(evidence, &one);
    }
  }
  if (result.waiver.has_value()) {
    *finding.mutable_waiver() = ToProto(*result.waiver);
  }
  return finding;
}

}  // namespace

v1::VerdictCounts ToProto(const compliance::Tally& tally) {
  v1::VerdictCounts counts;
  counts.set_compliant(tally.compliant);
  counts.set_not_compliant(tally.not_compliant);
  counts.set_waived(tally.waived);
  counts.set_not_applicable(tally.not_applicable);
  counts.set_unknown(tally.unknown);
  counts.set_score(tally.Score());
  return counts;
}

v1::AssessResponse ToProto(const Assessment& assessment, bool details) {
  v1::AssessResponse response;
  response.set_taken_us(absl::ToUnixMicros(assessment.taken));
  *response.mutable_counts() = ToProto(assessment.counts);
  for (const Assessment::ControlResult& control : assessment.controls) {
    *response.add_controls() = ToProto(control);
  }
  for (const Assessment::HostResult& host : assessment.hosts) {
    v1::HostSummary& summary = *response.add_hosts();
    summary.set_host(host.host);
    summary.set_revision(host.revision);
    *summary.mutable_controls() = ToProto(host.controls);
  }
  for (const Assessment::FindingResult& finding : assessment.findings) {
    *response.add_findings() = ToProto(finding, details);
  }
  response.set_findings_cut(assessment.findings_cut);
  for (const Assessment::WaiverNote& waiver : assessment.waivers) {
    *response.add_waivers() = ToProto(waiver);
  }
  response.mutable_problems()->Assign(assessment.problems.begin(), assessment.problems.end());
  response.mutable_caveats()->Assign(assessment.caveats.begin(), assessment.caveats.end());
  return response;
}

}  // namespace fettle::server
