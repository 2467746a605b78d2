// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/config/config.h"

namespace fettle::server {

inline constexpr char kConfigFile[] = "/etc/fettle/server.toml";

// The configuration in `path`. kNotFound says to run init.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// What `fettle-server init` was told.
struct InitOptions {
  std::string config_file = kConfigFile;
  std::string admin = "admin";
  // For a configuration file that is not there yet; they are refused when there is one.
  std::string data_dir;
  std::vector<std::string> names;
  std::string listen;
  std::string enroll_listen;
  std::string http_listen;
  std::string console;
};

// Writes the configuration file if it is missing, sets the data directory up, prints what was made.
absl::Status Init(const InitOptions& options);

// Serves until SIGTERM or SIGINT.
absl::Status Run(const Config& config);

}  // namespace fettle::server
