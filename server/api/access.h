// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include <grpcpp/server_context.h>

#include "server/api/context.h"
#include "server/api/peer.h"

// Who may call what. Each handler begins with one of these; what is refused is audited here.
// kUnauthenticated: the certificate has expired; kPermissionDenied: revoked, or not allowed this.
namespace fettle::server {

// Agents: the service of hosts is for hosts alone, and hosts are for it alone.
absl::StatusOr<Peer> RequireHost(const Context& context,
                                 const grpc::ServerContextBase& call,
                                 std::string_view what);

// People who may look: "admin" and "viewer". Answers "user/<name>".
absl::StatusOr<std::string> RequireViewer(const Context& context,
                                          const grpc::ServerContextBase& call,
                                          std::string_view what);

// The same for a peer who is known already: the role. Nothing is audited.
absl::StatusOr<std::string> RoleOf(const Context& context, const Peer& peer);

// Who calls: by certificate, or for whom the HTTPS side of this process calls.
absl::StatusOr<Peer> PeerOf(const Context& context, const grpc::ServerContextBase& call);

// People who may change things.
absl::StatusOr<std::string> RequireAdmin(const Context& context,
                                         const grpc::ServerContextBase& call,
                                         std::string_view what);

}  // namespace fettle::server
