// SPDX-License-Identifier: Apache-2.0
#include "server/commands.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include <fmt/ranges.h>
#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "lib/base/status_macros.h"
#include "lib/log/format.h"
#include "lib/sys/linux_files.h"
#include "server/ca/data_dir.h"
#include "server/ca/init.h"
#include "server/server.h"

namespace fettle::server {
namespace {

constexpr uint64_t kMaxConfig = 1 << 20;

std::string PortOf(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

absl::StatusOr<Config> ConfigFor(const InitOptions& options) {
  auto present = LoadConfig(options.config_file);
  if (!absl::IsNotFound(present.status())) {
    const bool told = !options.data_dir.empty() || !options.names.empty() ||
                      !options.listen.empty() || !options.enroll_listen.empty() ||
                      !options.http_listen.empty() || !options.console.empty();
    if (present.ok() && told) {
      return FailedPrecondition(
          "{} is there already and says where and how to serve: change it there, and run init with "
          "--config and --admin alone",
          options.config_file);
    }
    return present;
  }
  Config config;
  config.data_dir = options.data_dir.empty() ? config.data_dir : options.data_dir;
  config.names = options.names.empty() ? config.names : options.names;
  config.listen = options.listen.empty() ? config.listen : options.listen;
  config.enroll_listen =
      options.enroll_listen.empty() ? config.enroll_listen : options.enroll_listen;
  config.http_listen = options.http_listen.empty() ? config.http_listen : options.http_listen;
  config.console = options.console.empty() ? config.console : options.console;
  const std::string text = FormatConfig(config);
  RETURN_IF_ERROR(ParseConfig(text, "the options of init").status());
  sys::LinuxFiles files("", "");
  const std::string folder = options.config_file.substr(0, options.config_file.rfind('/'));
  if (!folder.empty() && absl::IsNotFound(files.Stat(folder).status())) {
    RETURN_IF_ERROR(files.MakeDirectory(folder, 0755, geteuid(), getegid()));
  }
  sys::ReplaceOptions replace;
  replace.uid = geteuid();
  replace.gid = getegid();
  RETURN_IF_ERROR(files.Replace(options.config_file, text, replace));
  return config;
}

// The signals that the server waits for, blocked from before the first thread on: those that end
// it, and SIGHUP, which tools for log files send. Files that were moved away are noticed without
// it.
sigset_t AwaitedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

void SetUpLog(const Config& config) {
  spdlog::set_level(spdlog::level::from_str(config.log_level));
  spdlog::set_formatter(config.log_format == "json"
                            ? log::JsonFormatter()
                            : log::TextFormatter("[%Y-%m-%d %H:%M:%S.%e] [%l] %v"));
}

}  // namespace

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  const auto text = sys::LinuxFiles("", "").Read(path, kMaxConfig);
  if (absl::IsNotFound(text.status())) {
    return NotFound("there is no {}: run `fettle-server init` first, or say where with --config",
                    path);
  }
  RETURN_IF_ERROR(text.status());
  return ParseConfig(*text, path);
}

absl::Status Init(const InitOptions& options) {
  ASSIGN_OR_RETURN(const Config config, ConfigFor(options));
  ASSIGN_OR_RETURN(const InitResult result, InitServer(config, options.admin, SystemClock()));
  fmt::print(
      R"(Made
  {0}  authority "{1}", its key, the server's certificate, the database
  {2}  the configuration
Authority's fingerprint (SHA-256): {3}
The certificate is for: {4}

Put the SSH public keys that may sign revisions, one a line, into
  {5}
Start the server:
  fettle-server run --config {2}
Log in as the first administrator (the token is good once, until tomorrow):
  fettle login --server {6}:{7} --token {8}
)",
      config.data_dir,
      result.ca_name,
      options.config_file,
      result.ca_fingerprint,
      fmt::join(config.names, ", "),
      config.TrustedKeysPath(),
      config.names.front(),
      PortOf(config.enroll_listen),
      result.admin_token);
  return absl::OkStatus();
}

absl::Status Run(const Config& config) {
  const sigset_t signals = AwaitedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SetUpLog(config);
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto server, Server::Start(config, clock));
  sd_notify(0, "READY=1");
  int signal = SIGHUP;
  while (signal == SIGHUP) {
    sigwait(&signals, &signal);
  }
  spdlog::info("stopping: signal {}", signal);
  sd_notify(0, "STOPPING=1");
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace fettle::server
