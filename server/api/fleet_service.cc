// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "fettle/v1/fleet.grpc.pb.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/enrol_token.h"
#include "server/api/access.h"
#include "server/api/fleet_requests.h"
#include "server/api/fleet_tasks.h"
#include "server/api/grpc_status.h"
#include "server/api/scope.h"
#include "server/api/services.h"
#include "server/fleet/host_view.h"
#include "server/policy/revision_names.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxReason = 500;

class FleetService final : public v1::Fleet::Service {
 public:
  explicit FleetService(const Context& context)
      : context_(context), store_(context.store.fleet()) {}

  grpc::Status ListHosts(grpc::ServerContext* call,
                         const v1::ListHostsRequest* request,
                         v1::ListHostsResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "ListHosts", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      ASSIGN_OR_RETURN(const auto hosts, Find(request->filter(), request->at_us()));
      for (const HostView& host : hosts) {
        if (scope.Shows(host.record.name)) {
          *response->add_hosts() = ToProto(host);
        }
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status GetHost(grpc::ServerContext* call,
                       const v1::GetHostRequest* request,
                       v1::HostDetail* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "GetHost", *request));
      ASSIGN_OR_RETURN(const Scope scope, Scope::Of(context_, viewer));
      RETURN_IF_ERROR(scope.Check(request->name()));
      if (request->at_us() != 0) {
        return ShowThen(request->name(), request->at_us(), response);
      }
      RETURN_IF_ERROR(Show(request->name(), response->mutable_host()));
      ReportStore& reports = context_.store.reports();
      ASSIGN_OR_RETURN(*response->mutable_facts_json(), reports.FactsOf(request->name()));
      ASSIGN_OR_RETURN(const auto states, reports.StatesOf(request->name()));
      for (const StateRecord& state : states) {
        *response->add_resources() = ToProto(state);
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status UpdateHost(grpc::ServerContext* call,
                          const v1::UpdateHostRequest* request,
                          v1::Host* response) override {
    const auto who = RequireAdmin(context_, *call, "UpdateHost");
    return ToGrpc(who.ok() ? Update(*who, *request, response) : who.status());
  }

  grpc::Status CreateToken(grpc::ServerContext* call,
                           const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override {
    const auto who = RequireAdmin(context_, *call, "CreateToken");
    return ToGrpc(who.ok() ? Create(*who, *request, response) : who.status());
  }

  grpc::Status ListTokens(grpc::ServerContext* call,
                          const v1::ListTokensRequest* request,
                          v1::ListTokensResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, *call, "ListTokens", *request));
      RETURN_IF_ERROR(CheckSeesAll(viewer, "the list of tokens"));
      ASSIGN_OR_RETURN(const auto tokens, store_.ListTokens());
      for (const TokenRecord& token : tokens) {
        *response->add_tokens() = ToProto(token);
      }
      return absl::OkStatus();
    }());
  }

  grpc::Status Revoke(grpc::ServerContext* call,
                      const v1::RevokeRequest* request,
                      v1::RevokeResponse* response) override {
    const auto who = RequireAdmin(context_, *call, "Revoke");
    return ToGrpc(who.ok() ? RevokeWhat(*who, *request, response) : who.status());
  }

  grpc::Status RequestRun(grpc::ServerContext* call,
                          const v1::RequestRunRequest* request,
                          v1::RequestRunResponse* response) override {
    return ToGrpc([&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string who, RequireAdmin(context_, *call, "RequestRun"));
      ASSIGN_OR_RETURN(const auto hosts, Find(request->filter()));
      const std::string id = NewId();
      const std::string reason = request->reason().substr(0, kMaxReason);
      const auto sessions = Connected(hosts);
      RETURN_IF_ERROR(RecordAsking(
          context_,
          who,
          "run",
          hosts,
          fmt::format("{} of {} hosts ({}): {}", sessions.size(), hosts.size(), id, reason)));
      std::set<std::string> asked;
      for (const auto& session : sessions) {
        if (session->RequestRun(id, reason)) {
          asked.insert(session->host());
        }
      }
      Tell(hosts, asked, response);
      return absl::OkStatus();
    }());
  }

  grpc::Status Pause(grpc::ServerContext* call,
                     const v1::PauseRequest* request,
                     v1::PauseResponse* response) override {
    const auto who = RequireAdmin(context_, *call, "Pause");
    return ToGrpc(who.ok() ? PauseHosts(*who, *request, response) : who.status());
  }

  grpc::Status PlanHosts(grpc::ServerContext* call,
                         const v1::PlanHostsRequest* request,
                         grpc::ServerWriter<v1::HostAnswer>* answers) override {
    const auto who = RequireAdmin(context_, *call, "PlanHosts");
    return ToGrpc(who.ok() ? server::PlanHosts(context_, *who, *request, StreamOf(*call, *answers))
                           : who.status());
  }

  grpc::Status ApplyPlan(grpc::ServerContext* call,
                         const v1::ApplyPlanRequest* request,
                         grpc::ServerWriter<v1::HostAnswer>* answers) override {
    const auto who = RequireAdmin(context_, *call, "ApplyPlan");
    return ToGrpc(who.ok() ? server::ApplyPlan(context_, *who, *request, StreamOf(*call, *answers))
                           : who.status());
  }

 private:
  static AnswerStream StreamOf(grpc::ServerContext& call,
                               grpc::ServerWriter<v1::HostAnswer>& answers) {
    return {[&answers](const v1::HostAnswer& answer) { return answers.Write(answer); },
            [&call] { return call.IsCancelled(); }};
  }

  std::vector<SessionRegistry::SessionPtr> Connected(const std::vector<HostView>& hosts) const {
    std::vector<SessionRegistry::SessionPtr> sessions;
    for (const HostView& host : hosts) {
      if (auto session = context_.sessions.Find(host.record.name); session != nullptr) {
        sessions.push_back(std::move(session));
      }
    }
    return sessions;
  }

  // Which of `hosts` were `asked`.
  template <typename Response>
  static void Tell(const std::vector<HostView>& hosts,
                   const std::set<std::string>& asked,
                   Response* response) {
    response->set_asked(static_cast<uint32_t>(asked.size()));
    for (const HostView& host : hosts) {
      if (!asked.contains(host.record.name)) {
        response->add_not_connected(host.record.name);
      }
    }
  }

  absl::Status PauseHosts(const std::string& who,
                          const v1::PauseRequest& request,
                          v1::PauseResponse* response) {
    constexpr uint32_t kLongestPause = 30 * 86'400;
    const std::string reason(Trim(request.reason().substr(0, kMaxReason)));
    if (request.seconds() > kLongestPause) {
      return InvalidArgument("a pause lasts at most 30 days");
    }
    if (request.seconds() > 0 && reason.empty()) {
      return InvalidArgument("a pause wants a reason, for those who wonder later");
    }
    ASSIGN_OR_RETURN(const auto hosts, Find(request.filter()));
    const auto sessions = Connected(hosts);
    RETURN_IF_ERROR(RecordAsking(
        context_,
        who,
        request.seconds() > 0 ? "pause" : "resume",
        hosts,
        fmt::format(
            "{} of {} hosts, {} s: {}", sessions.size(), hosts.size(), request.seconds(), reason)));
    std::set<std::string> asked;
    for (const auto& session : sessions) {
      if (session->Pause(absl::Seconds(request.seconds()), reason, who)) {
        asked.insert(session->host());
      }
    }
    Tell(hosts, asked, response);
    return absl::OkStatus();
  }

  absl::Status Update(const std::string& who,
                      const v1::UpdateHostRequest& request,
                      v1::Host* response) {
    ASSIGN_OR_RETURN(const HostRecord host, store_.GetHost(request.name()));
    ASSIGN_OR_RETURN(const Labels labels, ChangeLabels(host.labels, request));
    if (!request.channel().empty()) {
      RETURN_IF_ERROR(CheckChannel(request.channel()));
    }
    HostChange change;
    if (labels != host.labels) {
      change.labels = labels;
      change.acts.push_back(
          context_.auditor.Entry(who, "label", DescribeLabels(request), host.name));
    }
    if (!request.channel().empty() && request.channel() != host.channel) {
      change.channel = request.channel();
      change.acts.push_back(context_.auditor.Entry(
          who,
          "host channel",
          fmt::format("{} from {} to {}", host.name, host.channel, request.channel()),
          host.name));
    }
    if (change.acts.empty()) {
      return Show(host.name, response);
    }
    RETURN_IF_ERROR(store_.ChangeHost(host.name, change));
    std::ranges::for_each(change.acts, Auditor::Told);
    context_.changes.Tell(Change::Kind::kHost, host.name);
    context_.pusher.HostChanged(host.name);
    return Show(host.name, response);
  }

  absl::Status Create(const std::string& who,
                      const v1::CreateTokenRequest& request,
                      v1::CreateTokenResponse* response) {
    ASSIGN_OR_RETURN(TokenRecord token,
                     TokenFor(request, context_.config.default_channel, who, context_.clock.Now()));
    if (!token.channel.empty()) {
      RETURN_IF_ERROR(CheckChannel(token.channel));
    }
    const auto secret = pki::EnrolToken::Create(context_.authority.info().fingerprint);
    token.id = NewId();
    token.secret = secret.SecretHash();
    const AuditEntry act = context_.auditor.Entry(who, "token made", DescribeToken(token));
    RETURN_IF_ERROR(store_.AddToken(token, act));
    Auditor::Told(act);
    response->set_token(secret.Text());
    *response->mutable_info() = ToProto(token);
    return absl::OkStatus();
  }

  absl::Status RevokeWhat(const std::string& who,
                          const v1::RevokeRequest& request,
                          v1::RevokeResponse* response) {
    const std::string reason = request.reason().substr(0, kMaxReason);
    switch (request.what_case()) {
      case v1::RevokeRequest::kToken: {
        const AuditEntry act = context_.auditor.Entry(
            who, "revoke", fmt::format("token {}: {}", request.token(), reason));
        RETURN_IF_ERROR(store_.RevokeToken(request.token(), act));
        Auditor::Told(act);
        return absl::OkStatus();
      }
      case v1::RevokeRequest::kHost:
        return RevokeHost(who, request.host(), reason, response);
      case v1::RevokeRequest::kUser:
        return RevokeCertificates(who, Subject::kUser, request.user(), reason);
      case v1::RevokeRequest::WHAT_NOT_SET:
        break;
    }
    return InvalidArgument("nothing to revoke is named: a token, a host or a user");
  }

  // As of `at_us`, or now for 0.
  absl::StatusOr<std::vector<HostView>> Find(const std::string& filter, int64_t at_us = 0) {
    return FindHosts(context_.store,
                     filter,
                     context_.clock.Now(),
                     context_.config.heartbeat,
                     UntilFromProto(at_us));
  }

  absl::Status ShowThen(const std::string& name, int64_t at_us, v1::HostDetail* response) {
    RETURN_IF_ERROR(store_.GetHost(name).status());
    const absl::Time at = UntilFromProto(at_us);
    ASSIGN_OR_RETURN(const auto hosts, Find(fmt::format("name == \"{}\"", name), at_us));
    if (hosts.empty()) {
      return NotFound("host {} was not enrolled yet at {}", name, Rfc3339(at));
    }
    *response->mutable_host() = ToProto(hosts.front());
    HistoryStore& history = context_.store.history();
    ASSIGN_OR_RETURN(*response->mutable_facts_json(), history.FactsAt(name, at));
    ASSIGN_OR_RETURN(const auto states, history.StatesAt(name, at));
    for (const StateRecord& state : states) {
      *response->add_resources() = ToProto(state);
    }
    return absl::OkStatus();
  }

  absl::Status Show(const std::string& name, v1::Host* response) {
    ASSIGN_OR_RETURN(
        const HostView host,
        FindHost(context_.store, name, context_.clock.Now(), context_.config.heartbeat));
    *response = ToProto(host);
    return absl::OkStatus();
  }

  // The default channel may be followed before it points anywhere; others must be there, or a
  // typing mistake would take hosts out of management.
  absl::Status CheckChannel(const std::string& channel) {
    RETURN_IF_ERROR(CheckChannelName(channel));
    const absl::Status there = context_.store.policy().GetChannel(channel).status();
    if (absl::IsNotFound(there) && channel != context_.config.default_channel) {
      return NotFound("there is no channel \"{0}\"; `fettle channel set {0} REVISION` makes it",
                      channel);
    }
    return absl::IsNotFound(there) ? absl::OkStatus() : there;
  }

  static std::string DescribeToken(const TokenRecord& token) {
    std::string text = fmt::format("{} for {} {}, {} uses, until {}",
                                   token.id,
                                   token.subject == Subject::kHost ? "host" : "user",
                                   token.name.empty() ? "of any name" : token.name,
                                   token.uses_left,
                                   Rfc3339(token.expires));
    if (!token.role.empty()) {
      text += fmt::format(", as {}", token.role);
    }
    if (!token.filter.empty()) {
      text += fmt::format(" of the hosts \"{}\"", token.filter);
    }
    return text;
  }

  static std::string DescribeLabels(const v1::UpdateHostRequest& request) {
    std::string text = request.name();
    for (const auto& [name, value] : request.set_labels()) {
      text += fmt::format(" {}={}", name, value);
    }
    for (const std::string& name : request.remove_labels()) {
      text += fmt::format(" without {}", name);
    }
    return text;
  }

  absl::Status RevokeCertificates(const std::string& who,
                                  Subject subject,
                                  const std::string& name,
                                  const std::string& reason) {
    const bool host = subject == Subject::kHost;
    const AuditEntry act = context_.auditor.Entry(
        who,
        "revoke",
        fmt::format("{} {}, all its certificates: {}", host ? "host" : "user", name, reason),
        host ? name : "");
    ASSIGN_OR_RETURN(const auto serials, store_.Revoke(subject, name, reason, act));
    context_.revocations.Add(serials);
    Auditor::Told(act);
    return absl::OkStatus();
  }

  absl::Status RevokeHost(const std::string& who,
                          const std::string& name,
                          const std::string& reason,
                          v1::RevokeResponse* response) {
    RETURN_IF_ERROR(RevokeCertificates(who, Subject::kHost, name, reason));
    const auto sessions = context_.sessions.Disown(name);
    for (const auto& session : sessions) {
      session->End(PermissionDenied("the certificate of host/{} was revoked", name));
    }
    response->set_sessions_ended(static_cast<uint32_t>(sessions.size()));
    return absl::OkStatus();
  }

  const Context context_;
  FleetStore& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeFleetService(const Context& context) {
  return std::make_unique<FleetService>(context);
}

}  // namespace fettle::server
