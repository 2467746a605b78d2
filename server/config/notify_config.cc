// SPDX-License-Identifier: Apache-2.0
#include "server/config/notify_config.h"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/ranges.h>

#include "lib/base/text.h"
#include "lib/resource/schema.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMostHooks = 32;
constexpr std::size_t kMostName = 32;
// It groups by itself.
constexpr absl::Duration kAlertmanagerInterval = absl::Seconds(5);
constexpr char kWantsText[] = "wants text in quotes";

// Sets one field from a TOML value; answers what is wrong with it, "" if nothing.
using Setter = std::function<std::string(const toml::node&, NotifyHook*)>;
using Setters = std::map<std::string, Setter, std::less<>>;

Setter Text(std::string NotifyHook::*field) {
  return [field](const toml::node& node, NotifyHook* hook) -> std::string {
    const auto value = node.value<std::string>();
    if (!node.is_string() || value->empty()) {
      return kWantsText;
    }
    hook->*field = *value;
    return "";
  };
}

Setter File(std::string NotifyHook::*field) {
  return [field](const toml::node& node, NotifyHook* hook) -> std::string {
    const std::string value = node.value<std::string>().value_or("");
    if (!node.is_string() || !value.starts_with('/')) {
      return "wants the absolute path of a file in quotes";
    }
    hook->*field = value;
    return "";
  };
}

Setter Span(absl::Duration NotifyHook::*field, absl::Duration least, absl::Duration most) {
  return [=](const toml::node& node, NotifyHook* hook) -> std::string {
    const auto duration = resource::ParseDuration(node.value<std::string>().value_or(""));
    if (!node.is_string() || !duration.ok()) {
      return "wants a duration in quotes, like \"30s\" or \"5m\"";
    }
    if (*duration < least || *duration > most) {
      return fmt::format(
          "wants between {} and {}", absl::FormatDuration(least), absl::FormatDuration(most));
    }
    hook->*field = *duration;
    return "";
  };
}

std::string SetName(const toml::node& node, NotifyHook* hook) {
  const std::string name = node.value<std::string>().value_or("");
  const bool good = !name.empty() && name.size() <= kMostName &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (!good) {
    return fmt::format("wants 1 to {} lower-case letters, digits and dashes in quotes", kMostName);
  }
  hook->name = name;
  return "";
}

std::string SetFormat(const toml::node& node, NotifyHook* hook) {
  const std::string name = node.value<std::string>().value_or("");
  for (const NotifyFormat format :
       {NotifyFormat::kGeneric, NotifyFormat::kSlack, NotifyFormat::kAlertmanager}) {
    if (NotifyFormatName(format) == name) {
      hook->format = format;
      return "";
    }
  }
  return R"(wants "generic", "slack" or "alertmanager")";
}

std::string SetKinds(const toml::node& node, NotifyHook* hook) {
  const toml::array* const list = node.as_array();
  if (list == nullptr || list->empty() || !list->is_homogeneous(toml::node_type::string)) {
    return "wants a list of kinds, like [\"drift\", \"failure\"]";
  }
  hook->kinds.clear();
  for (const toml::node& one : *list) {
    const std::string kind = *one.value<std::string>();
    if (std::find(std::begin(kNotifyKinds), std::end(kNotifyKinds), kind) ==
        std::end(kNotifyKinds)) {
      return fmt::format("has no kind \"{}\"{}; there are {}",
                         kind,
                         DidYouMean(kind, kNotifyKinds),
                         fmt::join(kNotifyKinds, ", "));
    }
    hook->kinds.insert(kind);
  }
  return "";
}

const Setters& HookSetters() {
  static const Setters setters = {
      {"name", SetName},
      {"url", Text(&NotifyHook::url)},
      {"url_file", File(&NotifyHook::url_file)},
      {"format", SetFormat},
      {"kinds", SetKinds},
      {"filter", Text(&NotifyHook::filter)},
      {"wait", Span(&NotifyHook::wait, absl::ZeroDuration(), absl::Hours(1))},
      {"interval", Span(&NotifyHook::interval, absl::Seconds(1), absl::Hours(24))},
      {"repeat", Span(&NotifyHook::repeat, absl::Seconds(1), absl::Hours(24))},
      {"timeout", Span(&NotifyHook::timeout, absl::Seconds(1), absl::Minutes(5))},
      {"most_wait", Span(&NotifyHook::most_wait, absl::Seconds(1), absl::Hours(24))},
      {"token_file", File(&NotifyHook::token_file)},
      {"header_file", File(&NotifyHook::header_file)},
      {"ca_file", File(&NotifyHook::ca_file)},
  };
  return setters;
}

std::string UnknownKey(std::string_view key) {
  return fmt::format(
      "\"{}\" is no setting of [[notify]]{}", key, DidYouMean(key, NotifySettings()));
}

// What is wrong with the hook as a whole; "" if nothing.
std::string Inconsistency(const NotifyHook& hook) {
  if (hook.name.empty()) {
    return "wants a name";
  }
  if (hook.url.empty() == hook.url_file.empty()) {
    return "wants either url or url_file";
  }
  if (!hook.url.empty() && !hook.url.starts_with("http://") && !hook.url.starts_with("https://")) {
    return "url wants to begin with https:// or http://";
  }
  if (hook.url.find('@') != std::string::npos) {
    return "url holds an '@': a name and password belong into header_file, and in a path it is "
           "written %40";
  }
  const bool secret = !hook.token_file.empty() || !hook.header_file.empty();
  if (secret && CanBeReadOnItsWay(hook.url)) {
    return "would send a secret over plain http: use https";
  }
  return "";
}

NotifyHook ReadHook(const toml::table& table,
                    std::string_view origin,
                    std::vector<std::string>* problems) {
  NotifyHook hook;
  const std::size_t before = problems->size();
  for (const auto& [key, node] : table) {
    const auto found = HookSetters().find(key.str());
    if (found == HookSetters().end()) {
      problems->push_back(
          fmt::format("{}:{}: {}", origin, node.source().begin.line, UnknownKey(key.str())));
    } else if (const std::string problem = found->second(node, &hook); !problem.empty()) {
      problems->push_back(
          fmt::format("{}:{}: {} {}", origin, node.source().begin.line, key.str(), problem));
    }
  }
  if (hook.format == NotifyFormat::kAlertmanager && !table.contains("interval")) {
    hook.interval = kAlertmanagerInterval;
  }
  if (const std::string problem = Inconsistency(hook);
      !problem.empty() && problems->size() == before) {
    problems->push_back(
        fmt::format("{}:{}: [[notify]] {}", origin, table.source().begin.line, problem));
  }
  return hook;
}

}  // namespace

std::string_view NotifyFormatName(NotifyFormat format) {
  switch (format) {
    case NotifyFormat::kGeneric:
      return "generic";
    case NotifyFormat::kSlack:
      return "slack";
    case NotifyFormat::kAlertmanager:
      return "alertmanager";
  }
  return "generic";
}

std::vector<std::string_view> NotifySettings() {
  std::vector<std::string_view> names;
  for (const auto& [name, setter] : HookSetters()) {
    names.push_back(name);
  }
  return names;
}

bool CanBeReadOnItsWay(std::string_view url) {
  if (!url.starts_with("http://")) {
    return false;
  }
  url.remove_prefix(std::string_view("http://").size());
  const std::string_view host = url.substr(0, url.find_first_of("/?#"));
  const std::string_view name = host.substr(0, host.find_last_of(':'));
  const bool loopback =
      name == "localhost" || name == "127.0.0.1" || name == "[::1]" || host == "[::1]";
  return !loopback;
}

std::vector<NotifyHook> ReadNotifyHooks(const toml::node& node,
                                        std::string_view origin,
                                        std::vector<std::string>* problems) {
  const auto line = node.source().begin.line;
  const toml::array* const list = node.as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
    problems->push_back(fmt::format("{}:{}: notify wants [[notify]] tables", origin, line));
    return {};
  }
  if (list->size() > kMostHooks) {
    problems->push_back(fmt::format(
        "{}:{}: there are {} of [[notify]], more than {}", origin, line, list->size(), kMostHooks));
    return {};
  }
  std::vector<NotifyHook> hooks;
  std::set<std::string> names;
  for (const toml::node& one : *list) {
    hooks.push_back(ReadHook(*one.as_table(), origin, problems));
    if (!hooks.back().name.empty() && !names.insert(hooks.back().name).second) {
      problems->push_back(fmt::format("{}:{}: there are two [[notify]] named \"{}\"",
                                      origin,
                                      one.source().begin.line,
                                      hooks.back().name));
    }
  }
  return hooks;
}

}  // namespace fettle::server
