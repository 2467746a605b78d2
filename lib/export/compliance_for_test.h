// SPDX-License-Identifier: Apache-2.0
// For tests of exports of an assessment only: an assessment that has one of everything, with text
// that wants to be markup, a formula or a link.
#pragma once

#include "fettle/v1/compliance.pb.h"

namespace fettle::exports {

inline v1::AssessResponse ResponseForTest() {
  v1::AssessResponse response;
  response.set_taken_us(1'800'000'000'000'000);
  response.mutable_counts()->set_not_compliant(1);
  v1::ControlSummary& control = *response.add_controls();
  control.set_id("CIS-5.2.8");
  control.set_title("No <root> by \"ssh\"");
  control.set_severity("high");
  control.mutable_hosts()->set_not_compliant(1);
  control.mutable_hosts()->set_waived(1);
  v1::FrameworkMapping& mapping = *control.add_frameworks();
  mapping.set_framework("PCI-DSS");
  mapping.add_requirements("2.2.4");
  v1::ControlSummary& other = *response.add_controls();
  other.set_id("own: [fine]");
  other.mutable_hosts()->set_unknown(1);
  other.mutable_hosts()->set_compliant(1);
  v1::ControlSummary& nowhere = *response.add_controls();
  nowhere.set_id("NOWHERE");
  nowhere.mutable_hosts()->set_not_applicable(2);
  v1::HostSummary& host = *response.add_hosts();
  host.set_host("web1");
  host.set_revision("r7");
  host.mutable_controls()->set_score(0.5);
  response.add_hosts()->set_host("web2");
  v1::ControlFinding& broken = *response.add_findings();
  broken.set_control("CIS-5.2.8");
  broken.set_host("web1");
  broken.set_verdict(v1::VERDICT_NOT_COMPLIANT);
  v1::ControlEvidence& evidence = *broken.add_evidence();
  evidence.set_resource("file:/tmp/<script>{0}</script>\x1b[31m");
  evidence.set_state(v1::STATE_DRIFTED);
  evidence.set_since_us(1'700'000'000'000'000);
  evidence.set_position("recipes/a b/init.lua:2");
  v1::ControlFinding& waived = *response.add_findings();
  waived = broken;
  waived.set_host("web2");
  waived.set_verdict(v1::VERDICT_WAIVED);
  v1::WaiverRecord& waiver = *waived.mutable_waiver();
  waiver.set_reason("vendor");
  waiver.set_compensating("recorded");
  waiver.set_approver("ann");
  waiver.set_until_us(1'900'000'000'000'000);
  waiver.set_position("waivers/own.toml:2");
  waiver.set_revision("r7");
  v1::ControlFinding& unknown = *response.add_findings();
  unknown.set_control("own: [fine]");
  unknown.set_host("web2");
  unknown.set_verdict(v1::VERDICT_UNKNOWN);
  v1::ControlFinding& fine = *response.add_findings();
  fine.set_control("own: [fine]");
  fine.set_host("web1");
  fine.set_verdict(v1::VERDICT_COMPLIANT);
  v1::ControlEvidence& proof = *fine.add_evidence();
  proof.set_resource("file:/etc/motd");
  proof.set_state(v1::STATE_OK);
  proof.set_since_us(1'700'000'000'000'000);
  return response;
}

// The same at another date.
inline v1::AssessResponse LaterForTest(v1::AssessResponse response) {
  response.set_taken_us(1'800'000'060'000'000);
  return response;
}

}  // namespace fettle::exports
