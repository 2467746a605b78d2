// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "lib/export/compliance.h"
#include "lib/export/words.h"

namespace fettle::exports {
namespace {

using nlohmann::ordered_json;

ordered_json EvidenceJson(const v1::ControlFinding& finding) {
  ordered_json list = ordered_json::array();
  for (const v1::ControlEvidence& one : finding.evidence()) {
    list.push_back({{"resource", one.resource()},
                    {"state", StateText(one.state())},
                    {"since", UtcText(one.since_us())},
                    {"position", one.position()}});
  }
  return list;
}

ordered_json WaiverJson(const v1::ControlFinding& finding) {
  if (!finding.has_waiver()) {
    return nullptr;
  }
  const v1::WaiverRecord& waiver = finding.waiver();
  return {{"reason", waiver.reason()},
          {"approver", waiver.approver()},
          {"compensating", waiver.compensating()},
          {"until", UtcText(waiver.until_us())},
          {"ended", waiver.ended()},
          {"position", waiver.position()},
          {"revision", waiver.revision()}};
}

ordered_json FrameworksJson(const v1::ControlSummary& control) {
  ordered_json frameworks = ordered_json::object();
  for (const v1::FrameworkMapping& mapping : control.frameworks()) {
    frameworks[mapping.framework()] = mapping.requirements();
  }
  return frameworks;
}

}  // namespace

std::string ComplianceJsonLines(const v1::AssessResponse& response) {
  std::map<std::string, const v1::ControlSummary*> controls;
  for (const v1::ControlSummary& control : response.controls()) {
    controls[control.id()] = &control;
  }
  std::map<std::string, std::string> revisions;
  for (const v1::HostSummary& host : response.hosts()) {
    revisions[host.host()] = host.revision();
  }
  std::string lines;
  for (const v1::ControlFinding& finding : response.findings()) {
    const auto found = controls.find(finding.control());
    const v1::ControlSummary& control =
        found == controls.end() ? v1::ControlSummary::default_instance() : *found->second;
    lines += JsonLine({{"id", StableUuid({"finding", finding.control(), finding.host()})},
                       {"taken", UtcText(response.taken_us())},
                       {"control", finding.control()},
                       {"title", control.title()},
                       {"severity", control.severity()},
                       {"frameworks", FrameworksJson(control)},
                       {"host", finding.host()},
                       {"revision", revisions[finding.host()]},
                       {"verdict", VerdictText(finding.verdict())},
                       {"evidence", EvidenceJson(finding)},
                       {"waiver", WaiverJson(finding)}});
  }
  return lines;
}

}  // namespace fettle::exports
