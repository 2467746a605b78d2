// SPDX-License-Identifier: Apache-2.0
#include "server/api/peer.h"

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"

namespace fettle::server {

std::string Peer::Who() const {
  return fmt::format("{}/{}", pki::RoleName(identity.role), identity.name);
}

absl::StatusOr<Peer> PeerOfCertificate(std::string_view pem) {
  const auto info = pki::ParseCertificate(pem);
  if (!info.ok()) {
    return PermissionDenied("the certificate cannot be read: {}", Message(info.status()));
  }
  if (info->uri_sans.size() != 1) {
    return PermissionDenied(
        "the certificate of \"{}\" has {} URI names, not the one that says whom it stands for",
        info->common_name,
        info->uri_sans.size());
  }
  const auto identity = pki::Identity::FromUri(info->uri_sans.front());
  if (!identity.ok()) {
    return PermissionDenied(
        "the certificate of \"{}\": {}", info->common_name, Message(identity.status()));
  }
  return Peer{*identity, info->serial, info->not_after};
}

std::string AddressOf(std::string_view grpc_peer) {
  const std::size_t scheme = grpc_peer.find(':');
  const std::size_t port = grpc_peer.rfind(':');
  if (scheme == std::string_view::npos || port <= scheme) {
    return std::string(grpc_peer);
  }
  std::string_view address = grpc_peer.substr(scheme + 1, port - scheme - 1);
  for (const std::string_view bracket : {std::string_view("%5B"), std::string_view("[")}) {
    if (address.starts_with(bracket)) {
      address.remove_prefix(bracket.size());
    }
  }
  for (const std::string_view bracket : {std::string_view("%5D"), std::string_view("]")}) {
    if (address.ends_with(bracket)) {
      address.remove_suffix(bracket.size());
    }
  }
  return std::string(address);
}

}  // namespace fettle::server
