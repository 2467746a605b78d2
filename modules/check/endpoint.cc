// SPDX-License-Identifier: Apache-2.0
#include "modules/check/endpoint.h"

#include "lib/base/text.h"

namespace fettle::modules {

bool ParseEndpoint(std::string_view text, Endpoint* endpoint) {
  constexpr int64_t kMostPort = 65535;
  const std::size_t colon = text.rfind(':');
  int64_t port = 0;
  if (colon == std::string_view::npos || !ParseInt(text.substr(colon + 1), &port) || port < 1 ||
      port > kMostPort) {
    return false;
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  // A bare IPv6 address could end in what looks like a port.
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (host.empty() || host.find_first_of(" \t/[]") != std::string_view::npos ||
      has_colon != bracketed) {
    return false;
  }
  endpoint->host = host;
  endpoint->port = static_cast<uint16_t>(port);
  return true;
}

}  // namespace fettle::modules
