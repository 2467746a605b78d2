// SPDX-License-Identifier: Apache-2.0
// How each format puts a message.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"
#include "server/notify/message.h"

namespace fettle::server::notify {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr std::size_t kSlackGroups = 20;
constexpr std::string_view kAlertsPath = "/api/v2/alerts";

// What hosts say need not be UTF-8.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json GroupJson(const Group& group) {
  json value = {{"status", StatusName(group.status)},
                {"kind", KindName(group.kind)},
                {"severity", SeverityName(group.severity)},
                {"subject", group.subject},
                {"summary", Summary(group)},
                {"count", group.count},
                {"host_count", group.host_count},
                {"hosts", group.hosts},
                {"since", Rfc3339(group.since)}};
  if (!group.detail.empty()) {
    value["detail"] = group.detail;
  }
  if (!group.by.empty()) {
    value["by"] = group.by;
  }
  return value;
}

// Slack's three characters that are not themselves; a line break would begin another point, and a
// backtick would end the code.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '`') {
      out += '\'';
    } else {
      out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return out;
}

std::string_view Mark(const Group& group) {
  if (group.status == Status::kOver) {
    return ":white_check_mark:";
  }
  if (group.status == Status::kHappened) {
    return ":information_source:";
  }
  return group.severity == Severity::kCritical ? ":red_circle:" : ":large_orange_circle:";
}

std::string SlackLine(const Group& group) {
  std::string line = fmt::format("{} `{}`", Mark(group), Escaped(Summary(group)));
  if (!group.detail.empty() && group.status != Status::kOver) {
    line += fmt::format("\n      `{}`", Escaped(group.detail));
  }
  if (!group.by.empty() && group.status != Status::kOver) {
    line += fmt::format("\n      by `{}`", Escaped(group.by));
  }
  return line + "\n";
}

std::string AlertName(Kind kind) {
  std::string name(KindName(kind));
  name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return "Fettle" + name;
}

json AlertJson(const Sender& sender, const Alert& alert) {
  const Notice& notice = *alert.notice;
  Group alone;
  alone.kind = notice.key.kind;
  alone.subject = notice.key.subject;
  alone.count = 1;
  if (!notice.key.host.empty()) {
    alone.host_count = 1;
    alone.hosts = {notice.key.host};
  }
  json labels = {{"alertname", AlertName(notice.key.kind)},
                 {"kind", KindName(notice.key.kind)},
                 {"severity", SeverityName(notice.severity)},
                 {"fettle", sender.server}};
  if (!notice.key.host.empty()) {
    labels["host"] = notice.key.host;
  }
  if (!notice.key.subject.empty()) {
    labels["subject"] = notice.key.subject;
  }
  json annotations = {{"summary", Summary(alone)}};
  if (!notice.detail.empty()) {
    annotations["description"] = notice.detail;
  }
  if (!notice.by.empty()) {
    annotations["by"] = notice.by;
  }
  json value = {{"labels", std::move(labels)},
                {"annotations", std::move(annotations)},
                {"startsAt", Rfc3339(std::min(notice.since, alert.ends))},
                {"endsAt", Rfc3339(alert.ends)}};
  if (!sender.link.empty()) {
    value["generatorURL"] = sender.link;
  }
  return value;
}

}  // namespace

std::string GenericBody(const Sender& sender,
                        const Bulletin& message,
                        std::string_view id,
                        absl::Time now) {
  json groups = json::array();
  for (const Group& group : message.groups) {
    groups.push_back(GroupJson(group));
  }
  json value = {{"version", kFormatVersion},
                {"id", id},
                {"server", sender.server},
                {"hook", sender.hook},
                {"time", Rfc3339(now)},
                {"groups", std::move(groups)},
                {"more_groups", message.more},
                {"dropped", message.dropped},
                {"cut", message.cut}};
  if (!sender.link.empty()) {
    value["link"] = sender.link;
  }
  return Dump(value);
}

std::string SlackBody(const Sender& sender, const Bulletin& message) {
  const std::size_t shown = std::min(message.groups.size(), kSlackGroups);
  std::string text = fmt::format("*Fettle* on {}\n", Escaped(sender.server));
  for (std::size_t i = 0; i < shown; ++i) {
    text += SlackLine(message.groups[i]);
  }
  const uint64_t more = message.groups.size() - shown + message.more;
  if (more > 0) {
    text += fmt::format("and {} more\n", more);
  }
  if (message.dropped > 0) {
    text += fmt::format("{} were dropped: they could not be told in time\n", message.dropped);
  }
  if (message.cut) {
    text += "and there is more than is looked at\n";
  }
  if (!sender.link.empty()) {
    text += fmt::format("<{}>\n", Escaped(sender.link));
  }
  return Dump({{"text", text}});
}

std::string AlertmanagerBody(const Sender& sender, const std::vector<Alert>& alerts) {
  json value = json::array();
  for (const Alert& alert : alerts) {
    value.push_back(AlertJson(sender, alert));
  }
  return Dump(value);
}

std::string AlertmanagerUrl(std::string_view url) {
  if (url.ends_with("/alerts")) {
    return std::string(url);
  }
  while (url.ends_with('/')) {
    url.remove_suffix(1);
  }
  return fmt::format("{}{}", url, kAlertsPath);
}

}  // namespace fettle::server::notify
