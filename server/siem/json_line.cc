// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"
#include "server/siem/format.h"
#include "server/siem/text.h"

namespace fettle::server::siem {
namespace {

using nlohmann::json;

// How much of each text and list is written.
struct Room {
  std::size_t text = 0;
  std::size_t list = 0;
};

constexpr Room kRooms[] = {{2000, 20}, {500, 10}, {200, 5}, {100, 2}, {60, 0}};

class Writer {
 public:
  Writer(json* to, const Room& room) : to_(to), room_(room) {}

  // Leaves out what is empty.
  Writer& Text(const char* name, std::string_view text) {
    if (!text.empty()) {
      (*to_)[name] = CutText(text, room_.text);
    }
    return *this;
  }

 private:
  json* const to_;
  const Room room_;
};

json ActorJson(const resource::Actor& actor, const Room& room) {
  json value = {{"certainty", resource::CertaintyName(actor.certainty)}};
  Writer(&value, room)
      .Text("executable", actor.executable)
      .Text("command", actor.command)
      .Text("user", actor.user)
      .Text("login", actor.login)
      .Text("unit", actor.unit)
      .Text("ssh_source", actor.ssh_source)
      .Text("transaction", actor.transaction)
      .Text("note", actor.note);
  if (actor.pid != 0) {
    value["pid"] = actor.pid;
  }
  return value;
}

json DifferencesJson(const std::vector<resource::DifferenceRecord>& all, const Room& room) {
  json list = json::array();
  for (const resource::DifferenceRecord& one : all) {
    if (list.size() >= room.list) {
      break;
    }
    json value = json::object();
    Writer(&value, room)
        .Text("attribute", one.attribute)
        .Text("current", one.current)
        .Text("desired", one.desired)
        .Text("last_set", one.last_set);
    list.push_back(std::move(value));
  }
  return list;
}

json ResultJson(const RunResult& result) {
  return {{"reason", result.reason},
          {"enforce", result.enforce},
          {"partial", result.partial},
          {"duration_ms", absl::ToInt64Milliseconds(result.duration)},
          {"ok", result.counts.ok},
          {"unknown", result.counts.unknown},
          {"skipped", result.counts.skipped},
          {"changed", result.counts.changed},
          {"drifted", result.counts.drifted},
          {"failed", result.counts.failed},
          {"reverted", result.counts.reverted},
          {"blocked", result.counts.blocked}};
}

json EventJson(const Event& event, std::string_view server, const Room& room) {
  json value = {{"version", 1},
                {"id", event.id},
                {"kind", event.kind},
                {"severity", event.severity},
                {"outcome", event.failed ? "failure" : "success"},
                {"time", Rfc3339(event.time)},
                {"received", Rfc3339(event.received)},
                {"server", server}};
  Writer(&value, room)
      .Text("host", event.host)
      .Text("summary", event.summary)
      .Text("who", event.who)
      .Text("act", event.act)
      .Text("detail", event.detail)
      .Text("resource", event.resource)
      .Text("position", event.position)
      .Text("revision", event.revision)
      .Text("run", event.run);
  if (event.leaf.has_value()) {
    value["leaf"] = *event.leaf;
  }
  std::size_t left = room.list;
  for (const auto& [name, text] : event.data) {
    if (left-- == 0) {
      break;
    }
    value["data"][CutText(name, room.text)] = CutText(text, room.text);
  }
  for (std::size_t i = 0; i < std::min(event.controls.size(), room.list); ++i) {
    value["controls"].push_back(CutText(event.controls[i], room.text));
  }
  if (!event.differences.empty()) {
    value["difference_count"] = event.differences.size();
    value["differences"] = DifferencesJson(event.differences, room);
  }
  if (event.actor.has_value()) {
    value["actor"] = ActorJson(*event.actor, room);
  }
  if (event.result.has_value()) {
    value["result"] = ResultJson(*event.result);
  }
  return value;
}

}  // namespace

std::string JsonLine(const Event& event, std::string_view server) {
  std::string line;
  for (const Room& room : kRooms) {
    line = EventJson(event, server, room).dump(-1, ' ', true, json::error_handler_t::replace);
    if (line.size() <= kMostLine) {
      break;
    }
  }
  return line;
}

}  // namespace fettle::server::siem
