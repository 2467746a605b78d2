// SPDX-License-Identifier: Apache-2.0
#include "server/api/access.h"

#include <vector>

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

absl::StatusOr<std::string> RoleOfUser(const Context& context, const Peer& peer) {
  if (peer.identity.role != pki::Role::kUser) {
    return PermissionDenied("this is for people, not for {}", peer.Who());
  }
  const auto role = context.store.fleet().UserRole(peer.identity.name);
  if (absl::IsNotFound(role.status())) {
    return PermissionDenied("{}", Message(role.status()));
  }
  return role;
}

absl::Status CheckUser(const Context& context, const Peer& peer, bool admin) {
  ASSIGN_OR_RETURN(const std::string role, RoleOfUser(context, peer));
  if (admin && role != "admin") {
    return PermissionDenied("{} has the role \"{}\", and this needs \"admin\"", peer.Who(), role);
  }
  return absl::OkStatus();
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

absl::StatusOr<std::string> RoleOf(const Context& context, const Peer& peer) {
  RETURN_IF_ERROR(CheckValid(context, peer));
  return RoleOfUser(context, peer);
}

absl::StatusOr<Peer> RequireHost(const Context& context,
                                 const grpc::ServerContextBase& call,
                                 std::string_view what) {
  return Require(context, call, what, CheckHost);
}

absl::StatusOr<std::string> RequireViewer(const Context& context,
                                          const grpc::ServerContextBase& call,
                                          std::string_view what) {
  ASSIGN_OR_RETURN(const Peer peer, Require(context, call, what, [&](const Peer& one) {
                     return CheckUser(context, one, false);
                   }));
  return peer.Who();
}

absl::StatusOr<std::string> RequireAdmin(const Context& context,
                                         const grpc::ServerContextBase& call,
                                         std::string_view what) {
  ASSIGN_OR_RETURN(const Peer peer, Require(context, call, what, [&](const Peer& one) {
                     return CheckUser(context, one, true);
                   }));
  return peer.Who();
}

}  // namespace fettle::server
