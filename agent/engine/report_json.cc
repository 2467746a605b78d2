// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/report_json.h"

#include <nlohmann/json.hpp>

#include "lib/base/clock.h"

namespace fettle::engine {
namespace {

using nlohmann::ordered_json;

ordered_json CountsJson(const resource::RunCounts& counts) {
  return {{"ok", counts.ok},
          {"unknown", counts.unknown},
          {"skipped", counts.skipped},
          {"changed", counts.changed},
          {"drifted", counts.drifted},
          {"failed", counts.failed},
          {"reverted", counts.reverted},
          {"blocked", counts.blocked},
          {"total", counts.total()}};
}

ordered_json DifferenceJson(const resource::DifferenceRecord& record) {
  return {{"attribute", record.attribute},
          {"current", record.current},
          {"desired", record.desired},
          {"last_set", record.last_set},
          {"cause", resource::CauseName(record.cause)},
          {"diff", record.diff}};
}

ordered_json ActorJson(const resource::Actor& actor) {
  return {{"certainty", resource::CertaintyName(actor.certainty)},
          {"pid", actor.pid},
          {"executable", actor.executable},
          {"command", actor.command},
          {"user", actor.user},
          {"login", actor.login},
          {"unit", actor.unit},
          {"ssh_source", actor.ssh_source},
          {"transaction", actor.transaction},
          {"note", actor.note}};
}

ordered_json ResourceJson(const resource::ResourceReport& resource) {
  ordered_json json = {{"id", resource.id},
                       {"state", resource::StateName(resource.state)},
                       {"cause", resource::CauseName(resource.cause)},
                       {"error", resource.error},
                       {"root_cause", resource.root_cause},
                       {"refreshed", resource.refreshed},
                       {"position", resource.position},
                       {"controls", resource.controls},
                       {"duration_ms", absl::ToInt64Milliseconds(resource.duration)},
                       {"differences", ordered_json::array()}};
  if (resource.actor.has_value()) {
    json["actor"] = ActorJson(*resource.actor);
  }
  if (!resource.contended.empty()) {
    json["contended"] = resource.contended;
  }
  for (const resource::DifferenceRecord& record : resource.differences) {
    json["differences"].push_back(DifferenceJson(record));
  }
  return json;
}

}  // namespace

std::string ReportJson(const resource::RunReport& report) {
  ordered_json json = {{"id", report.id},
                       {"host", report.host},
                       {"revision", report.revision},
                       {"catalog", report.catalog.empty() ? "" : report.catalog.Hex()},
                       {"reason", report.reason},
                       {"enforce", report.enforce},
                       {"started", Rfc3339(report.started)},
                       {"duration_ms", absl::ToInt64Milliseconds(report.duration)},
                       {"exit_code", resource::ExitCode(report)},
                       {"counts", CountsJson(report.counts)},
                       {"states", report.states.empty() ? "" : report.states.Hex()},
                       {"error", report.error},
                       {"resources", ordered_json::array()}};
  for (const resource::ResourceReport& resource : report.resources) {
    json["resources"].push_back(ResourceJson(resource));
  }
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace fettle::engine
