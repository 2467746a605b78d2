// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/config/notify.h"
#include "server/config/report.h"
#include "server/config/siem.h"

namespace fettle::server {

// What the server's one configuration file says; the values here are the defaults.
struct Config {
  std::string data_dir = "/var/lib/fettle-server";
  std::string listen = "0.0.0.0:7440";                // Agents and people, by client certificate.
  std::string enroll_listen = "0.0.0.0:7441";         // Enrolment and login alone, without one.
  std::string http_listen = "0.0.0.0:7443";           // Console, JSON API; "off": neither.
  std::string console = "/usr/share/fettle/console";  // Folder with the console's files.
  std::vector<std::string> names = {
      "localhost", "127.0.0.1"};  // DNS names and addresses in the server's certificate.
  std::string default_channel = "production";
  absl::Duration heartbeat = absl::Seconds(60);
  absl::Duration reconnect_window =
      absl::Seconds(5);  // First retries of agents are spread over this.
  absl::Duration host_certificate = absl::Hours(72);
  absl::Duration user_certificate = absl::Hours(24 * 30);
  absl::Duration keep_history =
      absl::Hours(24 * 400);  // Whole months of history older than this are dropped.
  bool allow_unsigned =
      false;  // Take revisions without a signature (hosts still decide for themselves).
  std::string
      trusted_keys;  // File of SSH public keys that may publish; "" is <data_dir>/trusted_keys.
  std::string log_level = "info";
  std::string log_format = "text";       // Or "json".
  std::vector<NotifyHook> notify;        // Who is told what happens, in the order written.
  std::vector<ScheduledReport> reports;  // Who is sent what when, likewise.
  std::vector<SiemOutlet> siem;          // Where all events go, likewise.

  std::string DatabasePath() const { return data_dir + "/fettle.db"; }

  std::string TrustedKeysPath() const {
    return trusted_keys.empty() ? data_dir + "/trusted_keys" : trusted_keys;
  }
};

// Reads TOML text. kInvalidArgument lists everything that is wrong, each with `origin`:line:
// unknown keys (with the nearest known one), wrong types, values out of range.
absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view origin);

// The file that `fettle-server init` writes: every key, commented, with the values of `config`. It
// tells nobody (`notify`) of anything; how that is done stands in a comment.
std::string FormatConfig(const Config& config);

}  // namespace fettle::server
