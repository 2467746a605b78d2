// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <spdlog/spdlog.h>

#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/compliance/control.h"
#include "lib/filter/filter.h"
#include "lib/recipe/lint.h"
#include "lib/recipe/rules.h"
#include "server/api/credentials.h"
#include "server/api/listener.h"
#include "server/api/local_callers.h"
#include "server/api/services.h"
#include "server/api/tasks.h"
#include "server/api/web_sessions.h"
#include "server/ca/data_dir.h"
#include "server/ca/server_certificate.h"
#include "server/fleet/host_fields.h"
#include "server/housekeeper.h"
#include "server/http/listener.h"
#include "server/http/site.h"
#include "server/notify/notifier.h"
#include "server/notify/sender.h"
#include "server/schedule/document.h"
#include "server/schedule/scheduler.h"
#include "server/siem/relay.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(5);
constexpr absl::Duration kHousekeepEvery = absl::Seconds(10);
constexpr absl::Duration kHeadEvery = absl::Hours(1);
constexpr std::size_t kLogNameDigits = 16;
// So long before they end, certificates that nobody renewed are told of.
constexpr absl::Duration kAuthorityBefore = absl::Hours(24 * 90);
constexpr absl::Duration kServerBefore = absl::Hours(24 * 14);
constexpr uint32_t kPrivate = 0600;

// What the evidence log is called in its heads: the same as long as the authority is.
std::string LogName(const pki::CertificateAuthority& authority) {
  return "fettle/" + authority.info().fingerprint.Hex().substr(0, kLogNameDigits);
}

// Everything that can be said of a tree without a host, so that a broken one reaches none.
absl::Status LintTree(const policy::Tree& tree) {
  std::vector<std::string> lines;
  for (const recipe::Finding& finding : recipe::Lint(tree)) {
    if (finding.severity == recipe::Severity::kError) {
      lines.push_back(finding.problem.Display());
    }
  }
  const compliance::ParsedControls controls = compliance::ParseControls(tree);
  lines.insert(lines.end(), controls.problems.begin(), controls.problems.end());
  for (const compliance::Waiver& waiver : controls.catalog.waivers) {
    const auto hosts = filter::Filter::Parse(waiver.hosts, HostLanguage(), absl::InfinitePast());
    if (!hosts.ok()) {
      lines.push_back(fmt::format("{}: hosts: {}", waiver.position, Message(hosts.status())));
    }
  }
  const recipe::Rules rules = recipe::Rules::Read(tree);
  lines.insert(lines.end(), rules.problems().begin(), rules.problems().end());
  for (const recipe::Rule& rule : rules.all()) {
    const auto when = filter::Filter::Parse(rule.when, HostLanguage(), absl::InfinitePast());
    if (!when.ok()) {
      lines.push_back(fmt::format("{}: when: {}", rule.position, Message(when.status())));
    }
  }
  return lines.empty() ? absl::OkStatus() : InvalidArgument("{}", fmt::join(lines, "\n"));
}

// Where people look at the fleet; "" nowhere.
std::string ConsoleLink(const Config& config) {
  const std::size_t colon = config.http_listen.rfind(':');
  if (config.http_listen == "off" || colon == std::string::npos) {
    return "";
  }
  const std::string& name = config.names.front();
  const bool v6 = name.find(':') != std::string::npos;
  return fmt::format(
      "https://{}{}{}{}/", v6 ? "[" : "", name, v6 ? "]" : "", config.http_listen.substr(colon));
}

notify::Notifier::Options NotifierOptions(const Config& config,
                                          const DataDir& data,
                                          const pki::CertificateAuthority& authority) {
  notify::Notifier::Options options;
  options.hooks = config.notify;
  options.server = config.names.front();
  options.link = ConsoleLink(config);
  options.observer.heartbeat = config.heartbeat;
  options.observer.host_certificate = config.host_certificate;
  options.observer.endings = [&data, &authority] {
    std::vector<notify::Ending> endings = {
        {"certificate of the authority",
         authority.info().not_after,
         kAuthorityBefore,
         "set up a new server beside this one and enrol the hosts there"}};
    const auto pem = data.Read(data.Tls() + "/server.pem");
    const auto own = pem.ok() ? pki::ParseCertificate(*pem) : pem.status();
    if (own.ok()) {
      endings.push_back({"certificate of the server",
                         own->not_after,
                         kServerBefore,
                         "the server should have renewed it long ago: see its log"});
    }
    return endings;
  };
  options.load = [&data] { return data.Read(data.NotifyMemory()); };
  options.save = [&data](std::string_view text) {
    return data.Write(data.NotifyMemory(), text, kPrivate);
  };
  return options;
}

siem::Relay::Options RelayOptions(const Config& config, const DataDir& data) {
  siem::Relay::Options options;
  options.outlets = config.siem;
  options.server = config.names.front();
  options.heartbeat = config.heartbeat;
  options.load = [&data] { return data.Read(data.SiemPositions()); };
  options.save = [&data](std::string_view text) {
    return data.Write(data.SiemPositions(), text, kPrivate);
  };
  return options;
}

schedule::Scheduler::Options SchedulerOptions(const Config& config, const DataDir& data) {
  schedule::Scheduler::Options options;
  options.reports = config.reports;
  options.server = config.names.front();
  options.load = [&data] { return data.Read(data.ReportMemory()); };
  options.save = [&data](std::string_view text) {
    return data.Write(data.ReportMemory(), text, kPrivate);
  };
  return options;
}

Publisher::Options PublisherOptions(const Config& config) {
  Publisher::Options options;
  options.lint = LintTree;
  options.trusted_keys = config.TrustedKeysPath();
  options.allow_unsigned = config.allow_unsigned;
  return options;
}

}  // namespace

// In the order in which they are made; they go in the opposite one.
struct Server::Parts {
  Parts(const Config& server_config,
        const Clock& server_clock,
        pki::CertificateAuthority server_authority,
        std::unique_ptr<Store> server_store,
        LogSigner server_log_signer)
      : config(server_config),
        clock(server_clock),
        data(config.data_dir),
        authority(std::move(server_authority)),
        store(std::move(server_store)),
        log_signer(std::move(server_log_signer)),
        pool(std::max<std::size_t>(2, UsefulThreads())),
        auditor(store->reports(), clock),
        assigner(*store),
        pusher(assigner, sessions, pool),
        publisher(store->policy(), clock, PublisherOptions(config)),
        blobs(store->policy()),
        web_sessions(clock),
        notifier(*store, changes, clock, post_sender, NotifierOptions(config, data, authority)),
        siem(*store, clock, RelayOptions(config, data)),
        report_writer(*store, clock, config.heartbeat, config.keep_history),
        scheduler(
            report_writer, clock, {post_sender, mail_sender}, SchedulerOptions(config, data)) {}

  Context MakeContext() {
    return {config,  clock,        *store,     authority, revocations, sessions, assigner,
            pusher,  pool,         auditor,    publisher, blobs,       tasks,    changes,
            callers, web_sessions, log_signer, notifier,  siem,        scheduler};
  }

  const Config config;
  const Clock& clock;
  const DataDir data;
  const pki::CertificateAuthority authority;
  const std::unique_ptr<Store> store;
  const LogSigner log_signer;
  WorkerPool pool;
  RevocationSet revocations;
  SessionRegistry sessions;
  Auditor auditor;
  Assigner assigner;
  Pusher pusher;
  Publisher publisher;
  RevisionBlobs blobs;
  Tasks tasks;
  ChangeFeed changes;
  LocalCallers callers;
  WebSessions web_sessions;
  const notify::CurlSender post_sender;
  notify::Notifier notifier;
  siem::Relay siem;
  const notify::CurlMailSender mail_sender;
  schedule::Writer report_writer;
  schedule::Scheduler scheduler;
  std::unique_ptr<Listener> agents;
  std::unique_ptr<Listener> enrol;
  std::unique_ptr<http::Site> site;
  std::unique_ptr<http::Listener> web;
  std::unique_ptr<Housekeeper> housekeeper;
  bool stopped = false;
};

namespace {

absl::StatusOr<std::unique_ptr<Listener>> ListenForAgents(const Context& context,
                                                          const DataDir& data) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(MakeAgentGateway(context));
  services.push_back(MakePolicyService(context));
  services.push_back(MakeFleetService(context));
  services.push_back(MakeHistoryService(context));
  services.push_back(MakeComplianceService(context));
  services.push_back(MakeConsoleService(context));
  services.push_back(MakeEvidenceService(context));
  auto credentials =
      MutualTls(data.Tls(), context.revocations, [context](std::string who, std::string why) {
        // The audit log waits for the disk; a handshake must not.
        context.pool.Post([context, who = std::move(who), why = std::move(why)] {
          context.auditor.Denied(who, "connection: " + why);
        });
      });
  return Listener::Start(context.config.listen, std::move(credentials), std::move(services));
}

absl::StatusOr<std::unique_ptr<Listener>> ListenForEnrolment(const Context& context,
                                                             const DataDir& data) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(MakeEnrollmentService(context));
  return Listener::Start(context.config.enroll_listen, ServerTls(data.Tls()), std::move(services));
}

absl::StatusOr<pki::TlsServerIdentity> WebIdentity(const DataDir& data) {
  pki::TlsServerIdentity identity;
  ASSIGN_OR_RETURN(identity.certificate, data.Read(data.Tls() + "/server.pem"));
  ASSIGN_OR_RETURN(identity.private_key, data.Read(data.Tls() + "/server.key"));
  ASSIGN_OR_RETURN(identity.client_ca, data.Read(data.Tls() + "/ca.pem"));
  return identity;
}

}  // namespace

absl::Status Server::ListenForBrowsers(const Context& context) {
  if (context.config.http_listen == "off") {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const pki::TlsServerIdentity identity, WebIdentity(parts_->data));
  parts_->site = std::make_unique<http::Site>(context, parts_->agents->InProcess());
  ASSIGN_OR_RETURN(parts_->web,
                   http::Listener::Start(context.config.http_listen,
                                         identity,
                                         [site = parts_->site.get()](const http::Request& request) {
                                           return site->Handle(request);
                                         }));
  parts_->web_sessions.set_port(parts_->web->port());
  spdlog::info("the console and the JSON API are on port {}", parts_->web->port());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config, const Clock& clock) {
  const DataDir data(config.data_dir);
  ASSIGN_OR_RETURN(pki::CertificateAuthority authority, data.LoadAuthority());
  RETURN_IF_ERROR(EnsureServerCertificate(data, authority, config.names, clock.Now()).status());
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   sqlite::OpenStore(config.DatabasePath(), clock, config.keep_history));
  ASSIGN_OR_RETURN(LogSigner log_signer, LogSigner::Load(data, LogName(authority)));
  auto parts = std::make_unique<Parts>(
      config, clock, std::move(authority), std::move(store), std::move(log_signer));
  ASSIGN_OR_RETURN(const auto revoked, parts->store->fleet().RevokedSerials(clock.Now()));
  parts->revocations.Add(revoked);
  RETURN_IF_ERROR(parts->notifier.Prepare());
  RETURN_IF_ERROR(parts->siem.Prepare());
  parts->scheduler.Prepare();
  const Context context = parts->MakeContext();
  ASSIGN_OR_RETURN(parts->agents, ListenForAgents(context, data));
  ASSIGN_OR_RETURN(parts->enrol, ListenForEnrolment(context, data));
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  RETURN_IF_ERROR(server->ListenForBrowsers(context));
  server->parts_->notifier.Start();
  server->parts_->siem.Start();
  server->parts_->scheduler.Start();
  server->parts_->housekeeper = std::make_unique<Housekeeper>(
      [raw = server.get()] {
        if (const absl::Status status = raw->Housekeep(); !status.ok()) {
          spdlog::error("housekeeping: {}; trying again in {}",
                        Message(status),
                        absl::FormatDuration(kHousekeepEvery));
        }
      },
      kHousekeepEvery);
  spdlog::info("listening on port {} for agents and people, on port {} for enrolment",
               server->ports().agents,
               server->ports().enrol);
  return server;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  Shutdown();
}

Server::Ports Server::ports() const {
  return {parts_->agents->port(),
          parts_->enrol->port(),
          parts_->web == nullptr ? 0 : parts_->web->port()};
}

absl::Status Server::Housekeep() {
  RETURN_IF_ERROR(
      parts_->log_signer.SignIfOld(parts_->store->evidence(), parts_->clock.Now(), kHeadEvery));
  for (const auto& session : parts_->sessions.All()) {
    session->Tend();
  }
  ASSIGN_OR_RETURN(const bool renewed,
                   EnsureServerCertificate(
                       parts_->data, parts_->authority, parts_->config.names, parts_->clock.Now()));
  if (renewed) {
    parts_->auditor.Act("server", "renew", "the server's own certificate");
    if (parts_->web != nullptr) {
      ASSIGN_OR_RETURN(const pki::TlsServerIdentity identity, WebIdentity(parts_->data));
      RETURN_IF_ERROR(parts_->web->Use(identity));
    }
  }
  return absl::OkStatus();
}

void Server::Shutdown() {
  if (std::exchange(parts_->stopped, true)) {
    return;
  }
  parts_->housekeeper.reset();
  parts_->changes.Close();
  parts_->notifier.Stop();
  parts_->scheduler.Stop();
  for (const auto& session : parts_->sessions.All()) {
    session->Drain(parts_->config.reconnect_window);
  }
  if (parts_->web != nullptr) {
    parts_->web->Shutdown();  // Not before: a browser's call may wait for what a host answers.
  }
  parts_->enrol->Shutdown(kGrace);
  parts_->agents->Shutdown(kGrace);
  parts_->pool.Stop();
  parts_->siem.Stop();
  parts_->store->Close();
}

}  // namespace fettle::server
