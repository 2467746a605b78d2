// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/names.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

constexpr std::size_t kMaxNameLength = 31;
constexpr int kFirstHostOctet = 10;

// An IPv4 network, addresses in host byte order.
struct Route {
  uint32_t network = 0;
  uint32_t mask = 0;
};

bool ParseHex(std::string_view text, uint32_t* value) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, *value, 16).ptr == end;
}

// One line of /proc/net/route; nothing for its heading and for the default route. The kernel prints
// addresses as they lie in memory, lowest byte of the address first on little-endian machines.
std::optional<Route> ParseRoute(std::string_view line) {
  const std::vector<std::string_view> columns = Split(line, '\t');
  Route route;
  if (columns.size() < 8 || !ParseHex(Trim(columns[1]), &route.network) ||
      !ParseHex(Trim(columns[7]), &route.mask) || route.mask == 0) {
    return std::nullopt;
  }
  if constexpr (std::endian::native == std::endian::little) {
    route.network = __builtin_bswap32(route.network);
    route.mask = __builtin_bswap32(route.mask);
  }
  return route;
}

bool Covers(const std::vector<Route>& routes, int number, int shortest_prefix) {
  const uint32_t network = (10U << 24) | (213U << 16) | (static_cast<uint32_t>(number) << 8);
  const uint32_t own_mask = 0xffffff00U;
  for (const Route& route : routes) {
    const uint32_t common = route.mask & own_mask;
    if (std::popcount(route.mask) >= shortest_prefix &&
        (route.network & common) == (network & common)) {
      return true;
    }
  }
  return false;
}

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

absl::Status CheckName(std::string_view what, std::string_view name) {
  bool good =
      !name.empty() && name.size() <= kMaxNameLength && IsLower(name.front()) && name.back() != '-';
  for (const char c : name) {
    good = good && (IsLower(c) || IsDigit(c) || c == '-');
  }
  if (good) {
    return absl::OkStatus();
  }
  return InvalidArgument(
      "{} \"{}\": must be 1 to {} lower-case letters, digits and inner hyphens, a letter first",
      what,
      name,
      kMaxNameLength);
}

std::string BridgeName(int lab_number) {
  return fmt::format("fettle{}", lab_number);
}

std::string MachineName(int lab_number, int host_index) {
  return fmt::format("fl{}h{}", lab_number, host_index);
}

std::string PortName(int lab_number, int host_index) {
  return "vb-" + MachineName(lab_number, host_index);
}

std::string HostAddress(int lab_number, int host_index) {
  return fmt::format("10.213.{}.{}", lab_number, kFirstHostOctet + host_index);
}

std::string GatewayAddress(int lab_number) {
  return fmt::format("10.213.{}.1", lab_number);
}

absl::StatusOr<int> ChooseLabNumber(const std::set<int>& taken, std::string_view proc_net_route) {
  std::vector<Route> routes;
  for (const std::string_view line : SplitLines(proc_net_route)) {
    if (const std::optional<Route> route = ParseRoute(line)) {
      routes.push_back(*route);
    }
  }
  for (const int shortest_prefix : {1, 24}) {
    for (int number = 1; number <= kMaxLabNumber; ++number) {
      if (!taken.contains(number) && !Covers(routes, number, shortest_prefix)) {
        return number;
      }
    }
  }
  return FailedPrecondition(
      "no free network for a lab: 10.213.1.0/24 to 10.213.254.0/24 are all in use; see `ip route` "
      "and `fettle lab list --all`");
}

}  // namespace fettle::lab
