// SPDX-License-Identifier: Apache-2.0
#include "server/api/access.h"

#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "lib/base/status_macros.h"
#include "server/api/local_callers.h"

namespace fettle::server {
namespace {

absl::Status CheckValid(const Context& context, const Peer& peer) {
  // The connection may be older than either.
  if (context.revocations.Contains(peer.serial)) {
    return PermissionDenied("the certificate of {} was revoked", peer.Who());
  }
  if (context.clock.Now() >= peer.expires) {
    return absl::UnauthenticatedError(
        fmt::format("the certificate of {} expired at {}", peer.Who(), Rfc3339(peer.expires)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Viewer> ViewerOfUser(const Context& context, const Peer& peer) {
  if (peer.identity.role != pki::Role::kUser) {
    return PermissionDenied("this is for people, not for {}", peer.Who());
  }
  auto user = context.store.fleet().GetUser(peer.identity.name);
  if (absl::IsNotFound(user.status())) {
    return PermissionDenied("{}", Message(user.status()));
  }
  RETURN_IF_ERROR(user.status());
  return Viewer{peer.Who(), std::move(user->role), std::move(user->filter)};
}

absl::Status CheckAdmin(const Context& context, const Peer& peer) {
  ASSIGN_OR_RETURN(const Viewer user, ViewerOfUser(context, peer));
  return user.role == "admin"
             ? absl::OkStatus()
             : PermissionDenied(
                   "{} has the role \"{}\", and this needs \"admin\"", peer.Who(), user.role);
}

// What an auditor asks, so that it is known who looked at what.
absl::Status RecordQuery(const Context& context,
                         const Viewer& viewer,
                         std::string_view what,
                         const google::protobuf::Message& request) {
  std::string asked;
  if (!google::protobuf::util::MessageToJsonString(request, &asked).ok()) {
    return InvalidArgument("{}: the request holds text that is not UTF-8", what);
  }
  constexpr std::size_t kMostAsked = std::size_t{16} << 10;
  if (asked.size() > kMostAsked) {
    return InvalidArgument(
        "{}: what an auditor asks is written down, {} bytes of it at most", what, kMostAsked);
  }
  AuditEntry entry = context.auditor.Entry(viewer.who, "query", fmt::format("{} {}", what, asked));
  entry.data["request"] = asked;  // The detail may be cut.
  return context.auditor.Record(entry);
}

absl::Status CheckHost(const Peer& peer) {
  return peer.identity.role == pki::Role::kHost
             ? absl::OkStatus()
             : PermissionDenied("this is for hosts, not for {}", peer.Who());
}

// `check` decides by the peer; what it refuses is audited.
template <typename Check>
absl::StatusOr<Peer> Require(const Context& context,
                             const grpc::ServerContextBase& call,
                             std::string_view what,
                             Check check) {
  absl::StatusOr<Peer> peer = PeerOf(context, call);
  absl::Status status = peer.status();
  if (status.ok()) {
    status = CheckValid(context, *peer);
  }
  if (status.ok()) {
    status = check(*peer);
  }
  if (status.ok()) {
    return peer;
  }
  if (absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status)) {
    context.auditor.Denied(peer.ok() ? peer->Who() : AddressOf(call.peer()),
                           fmt::format("{}: {}", what, Message(status)));
  }
  return status;
}

}  // namespace

absl::StatusOr<Peer> PeerOf(const Context& context, const grpc::ServerContextBase& call) {
  const auto& headers = call.client_metadata();
  if (const auto local = headers.find(LocalCallers::kHeader); local != headers.end()) {
    const auto peer = context.callers.Find({local->second.data(), local->second.size()});
    return peer.has_value() ? absl::StatusOr<Peer>(*peer)
                            : absl::UnauthenticatedError("this caller is not known");
  }
  const auto authenticated = call.auth_context();
  const auto pems = authenticated == nullptr ? std::vector<grpc::string_ref>()
                                             : authenticated->FindPropertyValues("x509_pem_cert");
  if (pems.size() != 1) {
    return absl::UnauthenticatedError("this connection has no client certificate");
  }
  return PeerOfCertificate({pems.front().data(), pems.front().size()});
}

absl::StatusOr<Viewer> ViewerOf(const Context& context, const Peer& peer) {
  RETURN_IF_ERROR(CheckValid(context, peer));
  return ViewerOfUser(context, peer);
}

absl::StatusOr<Peer> RequireHost(const Context& context,
                                 const grpc::ServerContextBase& call,
                                 std::string_view what) {
  return Require(context, call, what, CheckHost);
}

absl::StatusOr<Viewer> RequireViewer(const Context& context,
                                     const grpc::ServerContextBase& call,
                                     std::string_view what,
                                     const google::protobuf::Message& request) {
  Viewer viewer;
  RETURN_IF_ERROR(Require(context, call, what, [&](const Peer& one) -> absl::Status {
                    ASSIGN_OR_RETURN(viewer, ViewerOfUser(context, one));
                    return absl::OkStatus();
                  }).status());
  if (viewer.role == "auditor") {
    RETURN_IF_ERROR(RecordQuery(context, viewer, what, request));
  }
  return viewer;
}

absl::StatusOr<std::string> RequireAdmin(const Context& context,
                                         const grpc::ServerContextBase& call,
                                         std::string_view what) {
  ASSIGN_OR_RETURN(const Peer peer, Require(context, call, what, [&](const Peer& one) {
                     return CheckAdmin(context, one);
                   }));
  return peer.Who();
}

}  // namespace fettle::server
