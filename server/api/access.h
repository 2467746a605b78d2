// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include <grpcpp/server_context.h>

#include "server/api/context.h"
#include "server/api/peer.h"

namespace google::protobuf {
class Message;
}

// Who may call what. Each handler begins with one of these; what is refused is audited here.
// kUnauthenticated: the certificate has expired; kPermissionDenied: revoked, or not allowed this.
namespace fettle::server {

// Agents: the service of hosts is for hosts alone, and hosts are for it alone.
absl::StatusOr<Peer> RequireHost(const Context& context,
                                 const grpc::ServerContextBase& call,
                                 std::string_view what);

// Somebody who may look, and at what.
struct Viewer {
  std::string who;     // "user/<name>".
  std::string role;    // "admin", "viewer", "auditor".
  std::string filter;  // The hosts that they may see, "" all; scope.h.
};

// People who may look: all of them. What an auditor asks is in the evidence log before it is
// answered.
absl::StatusOr<Viewer> RequireViewer(const Context& context,
                                     const grpc::ServerContextBase& call,
                                     std::string_view what,
                                     const google::protobuf::Message& request);

// The same for a peer who is known already. Nothing is audited.
absl::StatusOr<Viewer> ViewerOf(const Context& context, const Peer& peer);

// Who calls: by certificate, or for whom the HTTPS side of this process calls.
absl::StatusOr<Peer> PeerOf(const Context& context, const grpc::ServerContextBase& call);

// People who may change things.
absl::StatusOr<std::string> RequireAdmin(const Context& context,
                                         const grpc::ServerContextBase& call,
                                         std::string_view what);

}  // namespace fettle::server
