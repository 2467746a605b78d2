// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "agent/facts/fact_sources.h"
#include "lib/base/ids.h"
#include "lib/base/text.h"

namespace fettle::facts {
namespace {

using resource::Value;

// A directly connected IPv4 network, or the default route, of /proc/net/route. Host byte order.
struct Route {
  std::string interface;
  uint32_t network = 0;
  uint32_t mask = 0;
};

using Addresses = std::map<std::string, std::set<std::string>>;

// Interfaces that come and go with containers and virtual machines say nothing lasting.
bool IsLasting(std::string_view interface) {
  static constexpr std::string_view kPassing[] = {"lo",
                                                  "veth",
                                                  "docker",
                                                  "br-",
                                                  "virbr",
                                                  "vnet",
                                                  "tap",
                                                  "cni",
                                                  "cali",
                                                  "flannel",
                                                  "vb-",
                                                  "ve-"};
  return std::none_of(std::begin(kPassing), std::end(kPassing), [&](std::string_view prefix) {
    return prefix == "lo" ? interface == prefix : interface.starts_with(prefix);
  });
}

bool ParseHex(std::string_view text, uint32_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// Columns: interface, destination, gateway, flags, …, mask (7). Addresses are in network order.
std::vector<Route> ParseRoutes(std::string_view text) {
  constexpr std::size_t kMask = 7;
  std::vector<Route> routes;
  for (const std::string_view line : SplitLines(text)) {
    std::string spaced(line);
    std::replace(spaced.begin(), spaced.end(), '\t', ' ');
    const std::vector<std::string_view> words = SplitWords(spaced);
    uint32_t destination = 0;
    uint32_t gateway = 0;
    uint32_t mask = 0;
    if (words.size() <= kMask || !ParseHex(words[1], &destination) ||
        !ParseHex(words[2], &gateway) || !ParseHex(words[kMask], &mask)) {
      continue;
    }
    if (gateway == 0 || mask == 0) {
      routes.push_back({std::string(words[0]), ntohl(destination), ntohl(mask)});
    }
  }
  return routes;
}

// The addresses of this host in /proc/net/fib_trie: each "|-- A.B.C.D" whose next line ends in
// "host LOCAL".
std::set<std::string> ParseLocalAddresses(std::string_view text) {
  std::set<std::string> addresses;
  std::string_view last;
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t leaf = line.find("|-- ");
    if (leaf != std::string_view::npos) {
      last = line.substr(leaf + 4);
    } else if (line.find("/32 host LOCAL") != std::string_view::npos && !last.starts_with("127.")) {
      addresses.emplace(last);
    }
  }
  return addresses;
}

// The interface to whose network `address` belongs; the narrowest network wins. "" for none.
std::string InterfaceOf(const std::string& address, const std::vector<Route>& routes) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) {
    return "";
  }
  const Route* best = nullptr;
  for (const Route& route : routes) {
    const bool inside = route.mask != 0 && (ntohl(parsed.s_addr) & route.mask) == route.network;
    if (inside && (best == nullptr || route.mask > best->mask)) {
      best = &route;
    }
  }
  return best == nullptr ? "" : best->interface;
}

// /proc/net/if_inet6: address, index, prefix, scope, flags, interface. Global ones that last.
void AddIpv6(std::string_view text, Addresses* by_interface) {
  constexpr std::size_t kColumns = 6;
  constexpr uint32_t kPassing = 0x01 | 0x20 | 0x40;  // Temporary, deprecated, tentative.
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> words = SplitWords(line);
    uint32_t flags = 0;
    std::string bytes;
    std::array<char, INET6_ADDRSTRLEN> shown{};
    if (words.size() != kColumns || words[3] != "00" || !ParseHex(words[4], &flags) ||
        (flags & kPassing) != 0 || !HexDecode(words[0], &bytes) || bytes.size() != 16) {
      continue;
    }
    if (::inet_ntop(AF_INET6, bytes.data(), shown.data(), shown.size()) != nullptr) {
      (*by_interface)[std::string(words[5])].emplace(shown.data());
    }
  }
}

Value::List ListOf(const std::set<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// The first IPv4 address on the interface of the default route.
std::string MainAddress(const std::vector<Route>& routes, const Addresses& by_interface) {
  for (const Route& route : routes) {
    const auto found = by_interface.find(route.interface);
    if (route.mask != 0 || found == by_interface.end()) {
      continue;
    }
    for (const std::string& address : found->second) {
      if (address.find(':') == std::string::npos) {
        return address;
      }
    }
  }
  return "";
}

}  // namespace

Value::Map NetworkFacts(const sys::FileReader& files) {
  const std::vector<Route> routes = ParseRoutes(ReadTrimmed(files, "/proc/net/route"));
  Addresses by_interface;
  for (const std::string& address : ParseLocalAddresses(ReadTrimmed(files, "/proc/net/fib_trie"))) {
    by_interface[InterfaceOf(address, routes)].insert(address);
  }
  AddIpv6(ReadTrimmed(files, "/proc/net/if_inet6"), &by_interface);
  Value::Map interfaces;
  std::set<std::string> all = by_interface[""];
  const absl::StatusOr<std::vector<std::string>> names = files.List("/sys/class/net");
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (!IsLasting(name)) {
      continue;
    }
    Value::Map facts;
    SetText("mac", ReadTrimmed(files, "/sys/class/net/" + name + "/address"), &facts);
    facts.emplace("addresses", ListOf(by_interface[name]));
    interfaces.emplace(name, std::move(facts));
    all.insert(by_interface[name].begin(), by_interface[name].end());
  }
  Value::Map facts;
  SetText("address", MainAddress(routes, by_interface), &facts);
  facts.emplace("addresses", ListOf(all));
  facts.emplace("interfaces", std::move(interfaces));
  return facts;
}

}  // namespace fettle::facts
