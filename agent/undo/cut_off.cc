// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/cut_off.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "agent/undo/thing.h"

namespace fettle::undo {
namespace {

// What ends with "/" or "*" stands for all that begin like it.
constexpr std::array<std::string_view, 26> kPaths = {
    // The network.
    "/etc/network/",
    "/etc/netplan/",
    "/etc/NetworkManager/",
    "/etc/systemd/network/",
    "/etc/systemd/networkd.conf*",
    "/etc/systemd/resolved.conf*",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/dhcp/",
    // The firewall.
    "/etc/nftables*",
    "/etc/iptables/",
    "/etc/ufw/",
    "/etc/firewalld/",
    "/etc/hosts.allow",
    "/etc/hosts.deny",
    // sshd.
    "/etc/ssh/",
    "/etc/pam.d/sshd",
    // The agent.
    "/etc/fettle/",
    // Their units.
    "/etc/systemd/system/networking.service*",
    "/etc/systemd/system/systemd-networkd.service*",
    "/etc/systemd/system/systemd-resolved.service*",
    "/etc/systemd/system/NetworkManager.service*",
    "/etc/systemd/system/nftables.service*",
    "/etc/systemd/system/ssh*",
    "/etc/systemd/system/fettle-agent.service*",
};
constexpr std::array<std::string_view, 13> kUnits = {
    "networking.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "NetworkManager.service",
    "dhcpcd.service",
    "nftables.service",
    "netfilter-persistent.service",
    "ufw.service",
    "firewalld.service",
    "ssh.service",
    "sshd.service",
    "ssh.socket",
    "fettle-agent.service",
};
constexpr std::array<std::string_view, 14> kPackages = {
    "ifupdown",
    "ifupdown2",
    "netplan.io",
    "network-manager",
    "systemd-resolved",
    "isc-dhcp-client",
    "dhcpcd5",
    "nftables",
    "iptables",
    "iptables-persistent",
    "ufw",
    "firewalld",
    "openssh-server",
    "fettle-agent",
};

bool Fits(std::string_view pattern, std::string_view path) {
  if (pattern.ends_with('*')) {
    return path.starts_with(pattern.substr(0, pattern.size() - 1));
  }
  if (pattern.ends_with('/')) {
    return path.starts_with(pattern) || path == pattern.substr(0, pattern.size() - 1);
  }
  return path == pattern;
}

// A tree may hold what a pattern stands for.
bool Holds(std::string_view tree, std::string_view pattern) {
  return pattern.starts_with(tree) &&
         (tree.ends_with('/') || pattern.substr(tree.size(), 1) == "/");
}

template <typename Names>
bool IsOne(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool CutsOff(const Thing& thing, const resource::Declaration& declaration) {
  switch (thing.kind) {
    case Kind::kPath:
    case Kind::kTarget:
    case Kind::kTree:
      return std::any_of(kPaths.begin(), kPaths.end(), [&](std::string_view pattern) {
        return Fits(pattern, thing.name) ||
               (thing.kind == Kind::kTree && Holds(thing.name, pattern));
      });
    case Kind::kUnit:
      return IsOne(kUnits, thing.name);
    case Kind::kSysctl:
      return thing.name.starts_with("net.") || thing.name.starts_with("net/");
    case Kind::kPackages:
      return IsOne(kPackages, declaration.name.substr(0, declaration.name.find(':')));
    default:
      return false;
  }
}

}  // namespace

bool MayCutOff(const resource::Declaration& declaration, const resource::Footprint& footprint) {
  const std::vector<Thing> things = ThingsOf(declaration, footprint);
  return std::any_of(things.begin(), things.end(), [&](const Thing& thing) {
    return CutsOff(thing, declaration);
  });
}

absl::Duration ConfirmWindow(const resource::Declaration& declaration,
                             const resource::Footprint& footprint) {
  if (declaration.confirm.has_value()) {
    return *declaration.confirm;
  }
  return MayCutOff(declaration, footprint) ? kDefaultWindow : absl::ZeroDuration();
}

}  // namespace fettle::undo
