// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::agent {

// The folder with agent.toml and this host's key, certificate and authority.
inline constexpr char kConfigFolder[] = "/etc/fettle/agent";
inline constexpr char kConfigFile[] = "/etc/fettle/agent/agent.toml";

// The agent's settings.
struct Config {
  std::string server;  // "host:port" of the agents' listener. Required.
  std::string state_dir = "/var/lib/fettle";
  // SSH public keys, a line each, that may sign what is applied here.
  std::string trusted_keys = "/etc/fettle/agent/trusted_keys";
  absl::Duration sweep = absl::Minutes(30);     // Everything is looked at at least this often.
  absl::Duration deep_sweep = absl::Hours(24);  // So often a sweep reads every file.
  std::string link_user = "fettle-agent";       // Whom the part that talks to the network runs as.
  bool enforce = true;                          // False: this host only looks and reports.
  std::string log_level = "info";               // debug, info, warn, error.
  std::string metrics_file;                     // For a Prometheus exporter; "" for none.
  std::string log_format = "text";              // Or json: an object a line.
};

// Reads TOML. kInvalidArgument names every mistake with its line; `origin` is the file's name for
// messages.
absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view origin);

// The whole file, commented, with the values of `config`: what enrolment writes.
std::string FormatConfig(const Config& config);

}  // namespace fettle::agent
