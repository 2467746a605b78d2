// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/fleet/revocations.h"

namespace grpc {
class ServerCredentials;
}

namespace fettle::server {

// Called with whom a refused certificate stood for and why it was refused, on a thread of gRPC that
// must not be held up.
using RefusedHandshake = std::function<void(std::string who, std::string why)>;

// TLS for agents and people: a client certificate of our authority is required, and none that is in
// `revocations` (which must outlive the server) is taken. Key and certificates are read from `tls`
// (DataDir::Tls()) and again when they change.
std::shared_ptr<grpc::ServerCredentials> MutualTls(const std::string& tls,
                                                   const RevocationSet& revocations,
                                                   RefusedHandshake refused);

// TLS for those who have no certificate yet.
std::shared_ptr<grpc::ServerCredentials> ServerTls(const std::string& tls);

}  // namespace fettle::server
