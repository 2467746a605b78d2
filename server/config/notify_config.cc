// SPDX-License-Identifier: Apache-2.0
#include "server/config/notify_config.h"

#include <fmt/ranges.h>

#include "server/config/setters.h"

namespace fettle::server {
namespace {

// It groups by itself.
constexpr absl::Duration kAlertmanagerInterval = absl::Seconds(5);

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

const SettersOf<NotifyHook>& HookSetters() {
  static const SettersOf<NotifyHook> setters = {
      {"name", NameSetter<NotifyHook>()},
      {"url", TextSetter(&NotifyHook::url)},
      {"url_file", FileSetter(&NotifyHook::url_file)},
      {"format", SetFormat},
      {"kinds",
       WordsSetter(&NotifyHook::kinds, "kind", {std::begin(kNotifyKinds), std::end(kNotifyKinds)})},
      {"filter", TextSetter(&NotifyHook::filter)},
      {"wait", SpanSetter(&NotifyHook::wait, absl::ZeroDuration(), absl::Hours(1))},
      {"interval", SpanSetter(&NotifyHook::interval, absl::Seconds(1), absl::Hours(24))},
      {"repeat", SpanSetter(&NotifyHook::repeat, absl::Seconds(1), absl::Hours(24))},
      {"timeout", SpanSetter(&NotifyHook::timeout, absl::Seconds(1), absl::Minutes(5))},
      {"most_wait", SpanSetter(&NotifyHook::most_wait, absl::Seconds(1), absl::Hours(24))},
      {"token_file", FileSetter(&NotifyHook::token_file)},
      {"header_file", FileSetter(&NotifyHook::header_file)},
      {"ca_file", FileSetter(&NotifyHook::ca_file)},
  };
  return setters;
}

std::string Finish(const toml::table& table, NotifyHook* hook) {
  if (hook->format == NotifyFormat::kAlertmanager && !table.contains("interval")) {
    hook->interval = kAlertmanagerInterval;
  }
  return HookProblem(*hook);
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

std::string HookProblem(const NotifyHook& hook) {
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

std::vector<std::string_view> NotifySettings() {
  return NamesOf(HookSetters());
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
  return ReadTables<NotifyHook>({"notify", HookSetters(), Finish}, node, origin, problems);
}

}  // namespace fettle::server
