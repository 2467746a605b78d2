// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_words.h"
#include "cli/fleet/present.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

using nlohmann::ordered_json;

constexpr char kVersion[] = "1.1.3";
constexpr int64_t kLastDate =
    32'503'680'000'000'000;  // The year 3000, which no date of it reaches.

// Titles and descriptions are Markdown; what hosts and recipes say is text in it.
std::string Markdown(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]<>#|~^$!&";
  std::string escaped;
  for (const char c : Safe(text)) {
    escaped += kSpecial.find(c) == std::string_view::npos ? "" : "\\";
    escaped += c == '\n' || c == '\t' ? ' ' : c;
  }
  return escaped;
}

// A value of a property is one line that is not empty, without white space around it.
std::string Value(std::string_view text) {
  std::string line = Safe(text);
  for (char& c : line) {
    c = c == '\n' || c == '\t' ? ' ' : c;
  }
  const std::string_view trimmed = Trim(line);
  return trimmed.empty() ? "-" : std::string(trimmed);
}

ordered_json Property(std::string_view name, std::string_view value) {
  return {{"name", name},
          {"ns", "urn:uuid:" + StableUuid({"namespace", "oscal"})},
          {"value", Value(value)}};
}

std::string HostUuid(std::string_view host) {
  return StableUuid({"host", host});
}

std::string ObservationUuid(const v1::ControlFinding& finding) {
  return StableUuid({"observation", finding.control(), finding.host()});
}

ordered_json InventoryOf(const v1::HostSummary& host) {
  ordered_json item = {{"uuid", HostUuid(host.host())}, {"description", Markdown(host.host())}};
  item["props"] = ordered_json::array();
  item["props"].push_back({{"name", "asset-id"}, {"value", Value(host.host())}});
  item["props"].push_back(Property("revision", host.revision()));
  return item;
}

ordered_json EvidenceOf(const v1::ControlFinding& finding) {
  ordered_json list = ordered_json::array();
  for (const v1::ControlEvidence& one : finding.evidence()) {
    ordered_json evidence = {{"description", Markdown(EvidenceText(one))}};
    evidence["props"] = ordered_json::array();
    evidence["props"].push_back(Property("resource", one.resource()));
    evidence["props"].push_back(Property("state", StateCell(one.state()).text));
    evidence["props"].push_back(Property("declared-at", one.position()));
    list.push_back(std::move(evidence));
  }
  return list;
}

ordered_json ObservationOf(const v1::ControlFinding& finding, int64_t taken_us) {
  ordered_json observation = {
      {"uuid", ObservationUuid(finding)},
      {"title", Markdown(fmt::format("{} on {}", finding.control(), finding.host()))},
      {"description", VerdictText(finding.verdict())}};
  observation["props"] = ordered_json::array();
  observation["props"].push_back(Property("verdict", VerdictText(finding.verdict())));
  observation["methods"] = ordered_json::array({"TEST"});
  observation["types"] = ordered_json::array({"control-objective"});
  observation["subjects"] = ordered_json::array();
  observation["subjects"].push_back(
      {{"subject-uuid", HostUuid(finding.host())}, {"type", "inventory-item"}});
  if (!finding.evidence().empty()) {
    observation["relevant-evidence"] = EvidenceOf(finding);
  }
  observation["collected"] = UtcText(taken_us);
  return observation;
}

ordered_json RiskOf(const v1::ControlFinding& finding) {
  const v1::WaiverRecord& waiver = finding.waiver();
  ordered_json risk = {
      {"uuid", StableUuid({"risk", finding.control(), finding.host()})},
      {"title", Markdown(fmt::format("{} on {} is waived", finding.control(), finding.host()))},
      {"description", Markdown(waiver.reason())},
      {"statement", Markdown(WaiverText(finding))}};
  risk["props"] = ordered_json::array();
  risk["props"].push_back(Property("approver", waiver.approver()));
  risk["props"].push_back(Property("declared-at", waiver.position()));
  risk["props"].push_back(Property("revision", waiver.revision()));
  risk["status"] = "deviation-approved";
  if (!waiver.compensating().empty()) {
    risk["mitigating-factors"] = ordered_json::array();
    risk["mitigating-factors"].push_back(
        {{"uuid", StableUuid({"mitigation", finding.control(), finding.host()})},
         {"description", Markdown(waiver.compensating())}});
  }
  if (waiver.until_us() < kLastDate) {
    risk["deadline"] = UtcText(waiver.until_us());
  }
  risk["related-observations"] = ordered_json::array();
  risk["related-observations"].push_back({{"observation-uuid", ObservationUuid(finding)}});
  return risk;
}

// What of a control is in its finding: the names of its observations and risks.
struct Related {
  ordered_json observations = ordered_json::array();
  ordered_json risks = ordered_json::array();
};

ordered_json StatusOf(const v1::VerdictCounts& hosts) {
  const bool satisfied = hosts.not_compliant() + hosts.unknown() == 0;
  const char* const unsatisfied = hosts.not_compliant() > 0 ? "fail" : "other";
  return {{"state", satisfied ? "satisfied" : "not-satisfied"},
          {"reason", satisfied ? "pass" : unsatisfied},
          {"remarks",
           fmt::format("{} compliant, {} not compliant, {} waived, {} unknown, {} not applicable",
                       hosts.compliant(),
                       hosts.not_compliant(),
                       hosts.waived(),
                       hosts.unknown(),
                       hosts.not_applicable())}};
}

ordered_json FindingOf(const v1::ControlSummary& control, Related related) {
  const std::string& title = control.title().empty() ? control.id() : control.title();
  const std::string& text = control.description().empty() ? title : control.description();
  ordered_json finding = {{"uuid", StableUuid({"finding", control.id()})},
                          {"title", Markdown(title)},
                          {"description", Markdown(text)}};
  finding["props"] = ordered_json::array();
  finding["props"].push_back(Property("control", control.id()));
  finding["props"].push_back(Property("severity", control.severity()));
  for (const v1::FrameworkMapping& mapping : control.frameworks()) {
    for (const std::string& requirement : mapping.requirements()) {
      finding["props"].push_back(
          Property("requirement", fmt::format("{} {}", mapping.framework(), requirement)));
    }
  }
  finding["target"] = {{"type", "objective-id"},
                       {"target-id", TokenOf(control.id())},
                       {"status", StatusOf(control.hosts())}};
  if (!related.observations.empty()) {
    finding["related-observations"] = std::move(related.observations);
  }
  if (!related.risks.empty()) {
    finding["related-risks"] = std::move(related.risks);
  }
  return finding;
}

ordered_json ReviewedOf(const v1::AssessResponse& response) {
  ordered_json selection;
  for (const v1::ControlSummary& control : response.controls()) {
    selection["include-controls"].push_back({{"control-id", TokenOf(control.id())}});
  }
  if (selection.is_null()) {
    selection["description"] = "no control";
  }
  ordered_json reviewed;
  reviewed["control-selections"].push_back(std::move(selection));
  return reviewed;
}

// Adds a list that OSCAL wants left out when it is empty.
void AddList(std::string_view name, ordered_json list, ordered_json* to) {
  if (!list.empty()) {
    (*to)[std::string(name)] = std::move(list);
  }
}

ordered_json ResultOf(const v1::AssessResponse& response, const std::string& same) {
  ordered_json hosts = ordered_json::array();
  for (const v1::HostSummary& host : response.hosts()) {
    hosts.push_back(InventoryOf(host));
  }
  ordered_json observations = ordered_json::array();
  ordered_json risks = ordered_json::array();
  std::map<std::string, Related> related;
  for (const v1::ControlFinding& finding : response.findings()) {
    observations.push_back(ObservationOf(finding, response.taken_us()));
    Related& of_control = related[finding.control()];
    of_control.observations.push_back({{"observation-uuid", ObservationUuid(finding)}});
    if (finding.verdict() == v1::VERDICT_WAIVED) {
      risks.push_back(RiskOf(finding));
      of_control.risks.push_back({{"risk-uuid", risks.back()["uuid"]}});
    }
  }
  ordered_json findings = ordered_json::array();
  for (const v1::ControlSummary& control : response.controls()) {
    const v1::VerdictCounts& counts = control.hosts();
    if (counts.compliant() + counts.not_compliant() + counts.waived() + counts.unknown() > 0) {
      findings.push_back(FindingOf(control, std::move(related[control.id()])));
    }
  }
  ordered_json result = {{"uuid", StableUuid({"result", same})},
                         {"title", fmt::format("Compliance of {} hosts", response.hosts_size())},
                         {"description",
                          fmt::format("{:.1f} % of what applies is compliant or waived",
                                      response.counts().score() * 100)},
                         {"start", UtcText(response.taken_us())},
                         {"end", UtcText(response.taken_us())}};
  if (!hosts.empty()) {
    result["local-definitions"]["inventory-items"] = std::move(hosts);
  }
  result["reviewed-controls"] = ReviewedOf(response);
  AddList("observations", std::move(observations), &result);
  AddList("risks", std::move(risks), &result);
  AddList("findings", std::move(findings), &result);
  std::string remarks;
  for (const std::string& note : NotesOf(response)) {
    remarks += (remarks.empty() ? "" : "\n\n") + Markdown(note);
  }
  if (!remarks.empty()) {
    result["remarks"] = remarks;
  }
  return result;
}

}  // namespace

std::string ComplianceOscal(const v1::AssessResponse& response) {
  v1::AssessResponse undated = response;
  undated.clear_taken_us();
  const std::string same = undated.SerializeAsString();
  const std::string plan = StableUuid({"plan"});
  ordered_json results = {{"uuid", StableUuid({"assessment-results", same})}};
  results["metadata"] = {{"title", "Compliance"},
                         {"last-modified", UtcText(response.taken_us())},
                         {"version", UtcText(response.taken_us())},
                         {"oscal-version", kVersion}};
  results["import-ap"] = {{"href", "#" + plan}};
  results["results"].push_back(ResultOf(response, same));
  results["back-matter"]["resources"].push_back(
      {{"uuid", plan},
       {"title", "Continuous assessment"},
       {"description",
        "There is no plan as a document: every host reports the states of the resources that its "
        "signed revision declares, and the controls that they fulfil."}});
  return JsonFile({{"assessment-results", std::move(results)}});
}

}  // namespace fettle::cli
