// SPDX-License-Identifier: Apache-2.0
#include "lib/export/drift.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lib/export/words.h"
#include "lib/resource/actor.h"
#include "lib/wire/report_wire.h"

namespace fettle::exports {
namespace {

constexpr std::size_t kMostHosts = 20;

std::string_view OutcomeText(v1::DriftOutcome outcome) {
  switch (outcome) {
    case v1::DRIFT_CORRECTED:
      return "put right";
    case v1::DRIFT_FAILED:
      return "failed";
    case v1::DRIFT_ENDED:
      return "ended";
    default:
      return "open";
  }
}

std::string ByText(const v1::DriftRecord& record) {
  return record.has_actor() ? resource::DescribeActor(wire::FromProto(record.actor())) : "";
}

std::string AttributesText(const v1::DriftRecord& record) {
  std::string text;
  for (const v1::Difference& one : record.differences()) {
    text += (text.empty() ? "" : ", ") + one.attribute();
  }
  return text;
}

std::string EndText(const v1::DriftRecord& record) {
  return record.ended_us() == 0 ? "" : UtcText(record.ended_us());
}

// By resource: its hosts.
std::map<std::string, std::set<std::string>> HostsOf(const DriftOfTime& drift) {
  std::map<std::string, std::set<std::string>> hosts;
  for (const v1::DriftRecord& record : drift.records) {
    hosts[record.id()].insert(record.host());
  }
  return hosts;
}

std::string ResourceRows(const DriftOfTime& drift) {
  std::vector<std::pair<std::string, std::set<std::string>>> resources;
  for (auto& one : HostsOf(drift)) {
    resources.emplace_back(one);
  }
  std::stable_sort(resources.begin(), resources.end(), [](const auto& a, const auto& b) {
    return a.second.size() > b.second.size();
  });
  std::string rows;
  for (const auto& [id, hosts] : resources) {
    std::vector<std::string> names(hosts.begin(), hosts.end());
    if (names.size() > kMostHosts) {
      names.resize(kMostHosts);
      names.emplace_back("…");
    }
    rows += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
                        MarkupText(id),
                        hosts.size(),
                        MarkupText(fmt::format("{}", fmt::join(names, ", "))));
  }
  return rows;
}

std::string RecordRows(const DriftOfTime& drift) {
  std::string rows;
  for (const v1::DriftRecord& record : drift.records) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td{}>{}</td><td>{}</td></tr>\n",
        UtcText(record.seen_us()),
        MarkupText(record.host()),
        MarkupText(record.id()),
        MarkupText(AttributesText(record)),
        record.outcome() == v1::DRIFT_CORRECTED ? "" : " class=\"bad\"",
        OutcomeText(record.outcome()),
        MarkupText(ByText(record)));
  }
  return rows;
}

}  // namespace

std::string DriftSummary(const DriftOfTime& drift) {
  std::set<std::string> hosts;
  std::map<v1::DriftOutcome, std::size_t> outcomes;
  for (const v1::DriftRecord& record : drift.records) {
    hosts.insert(record.host());
    ++outcomes[record.outcome()];
  }
  return fmt::format(
      "{} drifts of {} resources on {} hosts: {} open, {} put right, {} failed, {} ended{}",
      drift.records.size(),
      HostsOf(drift).size(),
      hosts.size(),
      outcomes[v1::DRIFT_OPEN],
      outcomes[v1::DRIFT_CORRECTED],
      outcomes[v1::DRIFT_FAILED],
      outcomes[v1::DRIFT_ENDED],
      drift.cut ? " (the newest; there are more)" : "");
}

std::string DriftCsv(const DriftOfTime& drift) {
  std::string csv = CsvLine(
      {"seen", "ended", "host", "resource", "attributes", "outcome", "by", "revision", "error"});
  for (const v1::DriftRecord& record : drift.records) {
    csv += CsvLine({UtcText(record.seen_us()),
                    EndText(record),
                    record.host(),
                    record.id(),
                    AttributesText(record),
                    std::string(OutcomeText(record.outcome())),
                    ByText(record),
                    record.revision(),
                    record.error()});
  }
  return csv;
}

std::string DriftHtml(const DriftOfTime& drift) {
  const std::string title = fmt::format("Drift, {} to {}",
                                        UtcText(absl::ToUnixMicros(drift.since)),
                                        UtcText(absl::ToUnixMicros(drift.until)));
  return HtmlPage(
      title,
      fmt::format(
          "<h1>{}</h1>\n<p>{}.</p>\n"
          "<h2>Resources</h2>\n<table><thead><tr><th>Resource</th><th class=\"n\">Hosts</th>"
          "<th></th></tr></thead><tbody>\n{}</tbody></table>\n"
          "<h2>Drifts</h2>\n<table><thead><tr><th>Seen</th><th>Host</th><th>Resource</th>"
          "<th>What</th><th>Outcome</th><th>By</th></tr></thead><tbody>\n{}</tbody></table>\n",
          title,
          DriftSummary(drift),
          ResourceRows(drift),
          RecordRows(drift)));
}

std::string DriftJsonLines(const DriftOfTime& drift) {
  std::string lines;
  for (const v1::DriftRecord& record : drift.records) {
    nlohmann::ordered_json differences = nlohmann::ordered_json::array();
    for (const v1::Difference& one : record.differences()) {
      differences.push_back(
          {{"attribute", one.attribute()}, {"current", one.current()}, {"desired", one.desired()}});
    }
    lines += JsonLine({{"seen", UtcText(record.seen_us())},
                       {"ended", EndText(record)},
                       {"host", record.host()},
                       {"resource", record.id()},
                       {"outcome", OutcomeText(record.outcome())},
                       {"differences", std::move(differences)},
                       {"by", ByText(record)},
                       {"contended", record.contended()},
                       {"position", record.position()},
                       {"revision", record.revision()},
                       {"run", record.run()},
                       {"error", record.error()}});
  }
  return lines;
}

}  // namespace fettle::exports
