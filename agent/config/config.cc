// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config.h"

#include <functional>
#include <map>
#include <vector>

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/resource/schema.h"

namespace fettle::agent {
namespace {

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

Setter Path(std::string Config::*field) {
  return [field](const toml::node& node, Config* config) -> std::string {
    const std::string value = node.value<std::string>().value_or("");
    if (!node.is_string() || !value.starts_with('/') || value.ends_with('/')) {
      return "wants an absolute path in quotes, without a slash at its end";
    }
    config->*field = value;
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
    const auto duration = resource::ParseDuration(node.value<std::string>().value_or(""));
    if (!node.is_string() || !duration.ok()) {
      return "wants a duration in quotes, like \"30m\" or \"2h\"";
    }
    if (*duration < least || *duration > most) {
      return fmt::format(
          "wants between {} and {}", absl::FormatDuration(least), absl::FormatDuration(most));
    }
    config->*field = *duration;
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
      {"server", Text(&Config::server)},
      {"state_dir", Path(&Config::state_dir)},
      {"trusted_keys", Path(&Config::trusted_keys)},
      {"sweep", Span(&Config::sweep, absl::Seconds(1), absl::Hours(24))},
      {"deep_sweep", Span(&Config::deep_sweep, absl::Seconds(1), absl::Hours(24 * 366))},
      {"link_user", Text(&Config::link_user)},
      {"enforce", Flag(&Config::enforce)},
      {"log_level", LogLevel()},
      {"log_format", LogFormat()},
      {"metrics_file", Path(&Config::metrics_file)},
  };
  return setters;
}

std::string UnknownKey(std::string_view key) {
  std::vector<std::string_view> known;
  for (const auto& [name, setter] : Setters()) {
    known.push_back(name);
  }
  return fmt::format("\"{}\" is no setting{}", key, DidYouMean(key, known));
}

std::string SetOne(std::string_view key, const toml::node& node, Config* config) {
  const auto found = Setters().find(key);
  if (found == Setters().end()) {
    return UnknownKey(key);
  }
  const std::string problem = found->second(node, config);
  return problem.empty() ? "" : fmt::format("{} {}", key, problem);
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
  std::vector<std::string> problems;
  for (const auto& [key, node] : table) {
    if (const std::string problem = SetOne(key.str(), node, &config); !problem.empty()) {
      problems.push_back(fmt::format("{}:{}: {}", origin, node.source().begin.line, problem));
    }
  }
  if (config.server.empty()) {
    problems.push_back(fmt::format(
        "{}: server is missing; `fettle-agent enroll` writes it, or add server = \"host:7440\"",
        origin));
  }
  if (!problems.empty()) {
    return InvalidArgument("{}", fmt::join(problems, "\n"));
  }
  return config;
}

std::string FormatConfig(const Config& config) {
  return fmt::format(
      R"(# The agent's settings; `systemctl restart fettle-agent` takes them over. All are here, with what they are now.

# Where the agent finds its server: the listener for agents, by client certificate.
server = "{}"

# The last revision, what was seen at rest, and reports that the server does not have yet.
state_dir = "{}"

# SSH public keys, one a line. Only revisions that one of them signed are ever applied to this host, whatever the
# server says. Without a key nothing is applied.
trusted_keys = "{}"

# Everything is looked at at least this often.
sweep = "{}"

# Files that look unchanged since their content was last verified (same inode, size and times) are not read again, but
# for one sweep in this time, which reads everything.
deep_sweep = "{}"

# Whom the part that talks to the network runs as; nobody if there is no such user.
link_user = "{}"

# false: look and report, change nothing, whatever a revision asks for.
enforce = {}

# debug, info, warn or error.
log_level = "{}"

# "text", or "json": an object a line.
log_format = "{}"

# Numbers of this agent for a Prometheus exporter that reads files (docs/agent-metrics.md); nothing without it.
{}
)",
      config.server,
      config.state_dir,
      config.trusted_keys,
      absl::FormatDuration(config.sweep),
      absl::FormatDuration(config.deep_sweep),
      config.link_user,
      config.enforce,
      config.log_level,
      config.log_format,
      config.metrics_file.empty()
          ? "#metrics_file = \"/var/lib/prometheus/node-exporter/fettle.prom\""
          : fmt::format("metrics_file = \"{}\"", config.metrics_file));
}

}  // namespace fettle::agent
