// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <functional>
#include <map>
#include <optional>

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/resource/schema.h"
#include "server/config/notify_config.h"
#include "server/config/report_config.h"
#include "server/config/siem_config.h"

namespace fettle::server {
namespace {

using Problems = std::vector<std::string>;

constexpr std::string_view kNotify = "notify";
constexpr std::string_view kReport = "report";
constexpr std::string_view kSiem = "siem";

// Sets one field from a TOML value; answers what is wrong with it, "" if nothing.
using Setter = std::function<std::string(const toml::node&, Config*)>;

Setter Text(std::string Config::*field) {
  return [field](const toml::node& node, Config* config) -> std::string {
    const auto value = node.value<std::string>();
    if (!node.is_string() || value->empty()) {
      return "wants text in quotes";
    }
    config->*field = *value;
    return "";
  };
}

Setter Flag(bool Config::*field) {
  return [field](const toml::node& node, Config* config) -> std::string {
    if (!node.is_boolean()) {
      return "wants true or false";
    }
    config->*field = *node.value<bool>();
    return "";
  };
}

Setter Span(absl::Duration Config::*field, absl::Duration least, absl::Duration most) {
  return [=](const toml::node& node, Config* config) -> std::string {
    const auto text = node.value<std::string>();
    const auto duration = resource::ParseDuration(text.value_or(""));
    if (!node.is_string() || !duration.ok()) {
      return "wants a duration in quotes, like \"90s\" or \"72h\"";
    }
    if (*duration < least || *duration > most) {
      return fmt::format(
          "wants between {} and {}", absl::FormatDuration(least), absl::FormatDuration(most));
    }
    config->*field = *duration;
    return "";
  };
}

Setter Names() {
  return [](const toml::node& node, Config* config) -> std::string {
    const toml::array* const list = node.as_array();
    if (list == nullptr || list->empty() || !list->is_homogeneous(toml::node_type::string)) {
      return "wants a list of names, like [\"fettle.example.org\"]";
    }
    config->names.clear();
    for (const toml::node& one : *list) {
      config->names.push_back(*one.value<std::string>());
    }
    return "";
  };
}

Setter LogLevel() {
  return [](const toml::node& node, Config* config) -> std::string {
    const std::string level = node.value<std::string>().value_or("");
    if (level != "debug" && level != "info" && level != "warn" && level != "error") {
      return R"(wants "debug", "info", "warn" or "error")";
    }
    config->log_level = level;
    return "";
  };
}

Setter LogFormat() {
  return [](const toml::node& node, Config* config) -> std::string {
    const std::string format = node.value<std::string>().value_or("");
    if (format != "text" && format != "json") {
      return R"(wants "text" or "json")";
    }
    config->log_format = format;
    return "";
  };
}

const std::map<std::string, Setter, std::less<>>& Setters() {
  static const std::map<std::string, Setter, std::less<>> setters = {
      {"data_dir", Text(&Config::data_dir)},
      {"listen", Text(&Config::listen)},
      {"enroll_listen", Text(&Config::enroll_listen)},
      {"http_listen", Text(&Config::http_listen)},
      {"console", Text(&Config::console)},
      {"names", Names()},
      {"default_channel", Text(&Config::default_channel)},
      {"heartbeat", Span(&Config::heartbeat, absl::Seconds(1), absl::Hours(1))},
      {"reconnect_window", Span(&Config::reconnect_window, absl::ZeroDuration(), absl::Hours(1))},
      {"host_certificate",
       Span(&Config::host_certificate, absl::Minutes(1), absl::Hours(24 * 825))},
      {"user_certificate",
       Span(&Config::user_certificate, absl::Minutes(1), absl::Hours(24 * 825))},
      {"keep_history", Span(&Config::keep_history, absl::Hours(24), absl::Hours(24 * 36500))},
      {"allow_unsigned", Flag(&Config::allow_unsigned)},
      {"trusted_keys", Text(&Config::trusted_keys)},
      {"log_level", LogLevel()},
      {"log_format", LogFormat()},
  };
  return setters;
}

std::string UnknownKey(std::string_view key) {
  std::vector<std::string_view> known = {kNotify, kReport, kSiem};
  for (const auto& [name, setter] : Setters()) {
    known.push_back(name);
  }
  return fmt::format("\"{}\" is no setting{}", key, DidYouMean(key, known));
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view origin) {
  toml::table table;
  try {
    table = toml::parse(text, origin);
  } catch (const toml::parse_error& error) {  // The one way toml++ says it in this build.
    return InvalidArgument("{}:{}: {}", origin, error.source().begin.line, error.description());
  }
  Config config;
  Problems problems;
  for (const auto& [key, node] : table) {
    if (key.str() == kNotify) {
      config.notify = ReadNotifyHooks(node, origin, &problems);
      continue;
    }
    if (key.str() == kReport) {
      config.reports = ReadReports(node, origin, &problems);
      continue;
    }
    if (key.str() == kSiem) {
      config.siem = ReadSiemOutlets(node, origin, &problems);
      continue;
    }
    const auto found = Setters().find(key.str());
    const std::string problem =
        found == Setters().end() ? UnknownKey(key.str()) : found->second(node, &config);
    if (!problem.empty()) {
      const std::string subject =
          found == Setters().end() ? problem : fmt::format("{} {}", key.str(), problem);
      problems.push_back(fmt::format("{}:{}: {}", origin, node.source().begin.line, subject));
    }
  }
  if (!problems.empty()) {
    return InvalidArgument("{}", fmt::join(problems, "\n"));
  }
  return config;
}

std::string FormatConfig(const Config& config) {
  return fmt::format(
      R"(# The server's configuration. Every setting is here, with what it is now. `fettle-server run` reads it at start.

# Database, authority and keys. Back this folder up; keep it from everybody else.
data_dir = "{}"

# Agents and people, by client certificate.
listen = "{}"

# Enrolment of hosts and login of people alone: no client certificate, a one-time token instead.
enroll_listen = "{}"

# The web console and the JSON API over HTTPS, by client certificate or a one-time token (`fettle console`); "off": neither.
http_listen = "{}"

# The folder with the console's files.
console = "{}"

# DNS names and addresses that agents and people use for this server; they stand in its certificate.
names = ["{}"]

# The channel that newly enrolled hosts follow.
default_channel = "{}"

# How often a host says that it is alive; three missed ones and it is silent.
heartbeat = "{}"

# After a lost connection agents come back spread over this time.
reconnect_window = "{}"

# How long certificates are good; agents renew theirs at half of it.
host_certificate = "{}"
user_certificate = "{}"

# How long history is kept (runs, drift that is over, states that were). It goes by whole months: a month is dropped
# when all of it is older than this. The present state and the audit log stay.
keep_history = "{}"

# Take revisions that nobody signed? Hosts refuse them all the same unless they are told otherwise.
allow_unsigned = {}

# SSH public keys that may sign revisions, one a line.
trusted_keys = "{}"

# "debug", "info", "warn" or "error".
log_level = "{}"

# "text", or "json": an object a line.
log_format = "{}"

# Who is told of drift, failures, silent hosts and what expires (docs/notifications.md); any number of these.
# Try one with `fettle-server notify test NAME`.
#[[notify]]
#name = "ops"
#url = "https://hooks.example.org/fettle"
#format = "generic"                                 # or "slack", "alertmanager"
#kinds = ["failure", "silence", "recovery"]         # all of them without this
#filter = 'labels.env == "prod"'

# Who is sent a report on a schedule (docs/reports.md); any number of these. Try one with `fettle-server report test NAME`.
#[[report]]
#name = "weekly"
#kind = "compliance"                                # or "drift"
#every = "week"                                     # or "hour", "day", "month"
#smtp = "smtps://mail.example.org:465"              # or url = "https://…"
#from = "fettle@example.org"
#to = ["auditors@example.org"]

# Where all events go, for what collects them (docs/siem.md); any number of these.
# Try one with `fettle-server siem test NAME`.
#[[siem]]
#name = "collector"
#address = "siem.example.org:6514"                  # syslog over TLS; or file = "/var/log/fettle/events.jsonl"
#ca_file = "/etc/fettle/siem-ca.pem"
#format = "cef"                                     # or "json"
)",
      config.data_dir,
      config.listen,
      config.enroll_listen,
      config.http_listen,
      config.console,
      fmt::join(config.names, "\", \""),
      config.default_channel,
      absl::FormatDuration(config.heartbeat),
      absl::FormatDuration(config.reconnect_window),
      absl::FormatDuration(config.host_certificate),
      absl::FormatDuration(config.user_certificate),
      absl::FormatDuration(config.keep_history),
      config.allow_unsigned,
      config.TrustedKeysPath(),
      config.log_level,
      config.log_format);
}

}  // namespace fettle::server
