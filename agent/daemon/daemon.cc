// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/daemon.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "agent/config/config.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/control.h"
#include "agent/daemon/control_words.h"
#include "agent/daemon/converge_thread.h"
#include "agent/daemon/host_converger.h"
#include "agent/daemon/link_keeper.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/signals.h"
#include "agent/identity/identity.h"
#include "agent/journal/run_lock.h"
#include "agent/watch/watcher.h"
#include "lib/base/heap.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/evidence/statement.h"
#include "lib/log/format.h"
#include "lib/sys/dpkg_lock.h"
#include "lib/sys/linux_host.h"
#include "lib/sys/processes.h"
#include "lib/sys/watch_units.h"
#include "modules/types.h"

namespace fettle::agent {
namespace {

constexpr uint64_t kMostConfig = 1U << 20;

// systemd stamps each line and reads its level from the front.
void SetUpLog(const Config& config) {
  auto logger =
      std::make_shared<spdlog::logger>("agent", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(config.log_format == "json" ? log::JsonFormatter()
                                                    : log::TextFormatter("%l: %v"));
  logger->set_level(spdlog::level::from_str(config.log_level));
  spdlog::set_default_logger(std::move(logger));
}

absl::StatusOr<Config> ReadConfig(const std::string& path, const sys::Host& host) {
  const auto text = host.files().Read(path, kMostConfig);
  if (absl::IsNotFound(text.status())) {
    return NotFound(
        "{} is missing: this host is not enrolled; run fettle-agent enroll --server HOST:7441 "
        "--token TOKEN",
        path);
  }
  RETURN_IF_ERROR(text.status());
  return ParseConfig(*text, path);
}

std::string MachineId(const sys::Host& host) {
  return std::string(Trim(host.files().Read("/etc/machine-id", kMostConfig).value_or("")));
}

double RandomShare() {
  uint32_t bits = 0;
  std::memcpy(&bits, RandomBytes(sizeof bits).data(), sizeof bits);
  return static_cast<double>(bits) / (static_cast<double>(UINT32_MAX) + 1);
}

absl::Duration WatchdogInterval() {
  uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) {
    return absl::InfiniteDuration();
  }
  return absl::Microseconds(static_cast<int64_t>(microseconds)) / 2;
}

bool PackagesBusy() {
  return !sys::LockHolder("/var/lib/dpkg/lock-frontend").empty() ||
         !sys::LockHolder("/var/lib/dpkg/lock").empty();
}

void LogAll(const std::vector<std::string>& messages) {
  for (const std::string& message : messages) {
    spdlog::warn("{}", message);
  }
}

// All that is on disk, and the host: what the rest is built from.
struct Ground {
  Config config;
  SystemClock clock;
  journal::RunLock lock;  // One agent a state folder.
  std::unique_ptr<report::Spool> spool;
  std::unique_ptr<RevisionStore> revisions;
  std::unique_ptr<sys::Host> host;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<undo::Store> undo;
  std::unique_ptr<IdentityFiles> files;
  std::unique_ptr<Renewal> renewal;
  std::optional<link::ReportSigner> signer;
};

absl::Status Open(const std::string& config_file, Ground* ground) {
  const std::unique_ptr<sys::Host> reader = sys::MakeLinuxHost({});
  ASSIGN_OR_RETURN(ground->config, ReadConfig(config_file, *reader));
  const std::string& state = ground->config.state_dir;
  SetUpLog(ground->config);
  ASSIGN_OR_RETURN(ground->revisions, RevisionStore::Open(state, ground->config.trusted_keys));
  ASSIGN_OR_RETURN(ground->lock,
                   journal::RunLock::Take(state + "/agent.lock",
                                          fmt::format("fettle-agent, pid {}", ::getpid()),
                                          Deadline::After(absl::Seconds(5))));
  ASSIGN_OR_RETURN(ground->spool, report::Spool::Open(state + "/spool", {}, ground->clock));
  sys::LinuxHostOptions options;
  options.blobs = &ground->revisions->blobs();
  options.hash_cache_file = state + "/hashes";
  ground->host = sys::MakeLinuxHost(options);
  ASSIGN_OR_RETURN(ground->journal, journal::Journal::Open(state));
  ASSIGN_OR_RETURN(ground->undo, undo::Store::Open(state + "/undo"));
  ground->files =
      std::make_unique<IdentityFiles>(config_file.substr(0, config_file.rfind('/')), *ground->host);
  ASSIGN_OR_RETURN(HostIdentity identity, ground->files->Load());
  ASSIGN_OR_RETURN(pki::SigningKey key, ground->files->ReportKey());
  ASSIGN_OR_RETURN(std::string public_key, key.RawPublic());
  spdlog::info("reports are signed with {}", evidence::KeyFingerprint(public_key));
  ground->signer.emplace(link::ReportSigner{identity.name, std::move(key), std::move(public_key)});
  ground->renewal = std::make_unique<Renewal>(*ground->files, std::move(identity));
  LogAll(ground->revisions->TakeMessages());
  LogAll(ground->spool->TakeMessages());
  LogAll(ground->journal->TakeMessages());
  return absl::OkStatus();
}

// As an agent that starts now would read them: what a run has just changed of them counts.
absl::StatusOr<link::Credentials> CredentialsAnew(const std::string& config_file,
                                                  const Ground& ground) {
  const std::unique_ptr<sys::Host> reader = sys::MakeLinuxHost({});
  ASSIGN_OR_RETURN(const Config config, ReadConfig(config_file, *reader));
  ASSIGN_OR_RETURN(const HostIdentity identity, ground.files->Load());
  return link::Credentials{config.server, identity.private_key, identity.certificate, identity.ca};
}

absl::Status RunOn(const std::string& config_file, Ground* ground) {
  const std::string& state = ground->config.state_dir;
  const sys::LinuxProcesses processes;
  const std::string packages_path = state + "/packages";
  PackageLook packages(*ground->host, processes, packages_path);
  HostConverger converger({ground->renewal->identity().name,
                           *ground->host,
                           *ground->revisions,
                           ground->journal.get(),
                           ground->undo.get(),
                           state,
                           ground->clock,
                           &FindType,
                           ground->config.deep_sweep,
                           &packages});
  watch::Watcher watcher({ground->clock,
                          processes,
                          ::getpid(),
                          ground->config.sweep,
                          {},
                          [] { return sys::UnitWatch::Connect(); },
                          &PackagesBusy,
                          {}});
  Pause pause(state + "/pause");
  Reporter reporter(state + "/reported", packages_path, *ground->spool);
  StopSignals signals;
  ConvergeThread thread(converger);
  Agent agent({ground->config,
               ground->clock,
               *ground->spool,
               *ground->revisions,
               *ground->renewal,
               pause,
               reporter,
               {FETTLE_VERSION, MachineId(*ground->host)},
               [&thread](Job job) { thread.Start(std::move(job)); },
               &RandomShare,
               &watcher,
               [&config_file, ground] { return CredentialsAnew(config_file, *ground); }});
  RETURN_IF_ERROR(journal::MakePrivateDirectory(kControlFolder));
  ASSIGN_OR_RETURN(
      const auto control,
      ControlServer::Listen(kControlSocket,
                            [&agent](const auto& words, const ControlServer::Reply& reply) {
                              Obey(words, reply, &agent);
                            }));
  ASSIGN_OR_RETURN(const std::string program, link::LinkProgram());
  LinkKeeper link(program, ground->config.link_user, *ground->signer, agent, ground->clock);
  agent.Start();
  Loop loop({agent,
             link,
             thread,
             *control,
             signals,
             watcher,
             ground->clock,
             WatchdogInterval(),
             ground->config.metrics_file});
  return loop.Run();
}

}  // namespace

absl::Status RunDaemon(const std::string& config_file) {
  if (::geteuid() != 0) {
    return PermissionDenied("the agent must be root: it changes the host");
  }
  // Also, with one arena, malloc in the evaluator, which is forked from a thread, never wants to
  // read /proc before it gives memory back, which the filter of system calls would punish.
  KeepHeapSmall();
  Ground ground;
  RETURN_IF_ERROR(Open(config_file, &ground));
  return RunOn(config_file, &ground);
}

int RunControl(const std::vector<std::string>& words) {
  // A run that was asked for may take its time; the rest is answered at once.
  const Deadline deadline =
      words.front() == "apply" ? Deadline::Never() : Deadline::After(absl::Seconds(30));
  const auto answer = AskAgent(kControlSocket, words, deadline);
  if (!answer.ok()) {
    fmt::print(stderr, "fettle-agent {}: {}\n", words.front(), Message(answer.status()));
    return 1;
  }
  fmt::print(answer->exit_code == 1 ? stderr : stdout, "{}\n", Trim(answer->text));
  return answer->exit_code;
}

}  // namespace fettle::agent
