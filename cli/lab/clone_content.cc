// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/clone_content.h"

#include <array>
#include <string_view>

#include "absl/algorithm/container.h"

#include "cli/lab/files.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

constexpr const char* kUnits = "/etc/systemd/system";
constexpr const char* kNetworkUnit = "fettle-lab-network.service";

// What the machine may have enabled and a clone keeps enabled.
bool IsKept(std::string_view unit) {
  constexpr std::array<std::string_view, 4> kKept = {
      "cron.service", "dbus.service", "dbus.socket", "remote-fs.target"};
  return absl::c_linear_search(kKept, unit);
}

absl::Status HideAll(const CloneLayer& clone, const std::string& folder, std::string_view prefix) {
  for (const std::string& name : clone.List(folder)) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    RETURN_IF_ERROR(clone.Hide(fmt::format("{}/{}", folder, name)));
  }
  return absl::OkStatus();
}

absl::Status WriteIdentity(const CloneLayer& clone, const CloneIdentity& identity) {
  std::string hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  hosts += fmt::format("{} machine\n", identity.gateway);
  for (const auto& [name, address] : identity.addresses) {
    hosts += fmt::format("{} {}\n", address, name);
  }
  RETURN_IF_ERROR(clone.Write("/etc/hosts", hosts));
  RETURN_IF_ERROR(clone.Write("/etc/hostname", identity.host + "\n"));
  RETURN_IF_ERROR(clone.Write("/etc/machine-id", HexEncode(RandomBytes(16)) + "\n"));
  if (Exists(clone.LowerPath("/var/lib/dbus"))) {
    RETURN_IF_ERROR(clone.Link("/var/lib/dbus/machine-id", "/etc/machine-id"));
  }
  // Systemd-nspawn writes it where the machine's network is shared.
  return identity.host_network
             ? clone.Write("/etc/resolv.conf", "")
             : clone.Write("/etc/resolv.conf", "# A host of a Fettle lab has no name servers.\n");
}

// A unit rather than a call from outside, so that a reboot from within finds its network again.
absl::Status WriteNetworkUnit(const CloneLayer& clone, const CloneIdentity& identity) {
  const std::string path = fmt::format("{}/{}", kUnits, kNetworkUnit);
  RETURN_IF_ERROR(clone.Write(path,
                              fmt::format("[Unit]\n"
                                          "Description=Network of a Fettle lab host\n"
                                          "DefaultDependencies=no\n"
                                          "Wants=network.target network-online.target\n"
                                          "Before=network.target network-online.target\n"
                                          "\n"
                                          "[Service]\n"
                                          "Type=oneshot\n"
                                          "RemainAfterExit=yes\n"
                                          "ExecStart=ip address replace {}/24 dev host0\n"
                                          "ExecStart=ip link set host0 up\n",
                                          identity.address)));
  return clone.Link(fmt::format("{}/sysinit.target.wants/{}", kUnits, kNetworkUnit), path);
}

// Hides what `folder` (x.wants, x.requires) enables.
absl::Status DisableWanted(const CloneLayer& clone, const std::string& folder) {
  for (const std::string& unit : clone.List(folder)) {
    if (IsKept(unit)) {
      continue;
    }
    RETURN_IF_ERROR(clone.Hide(fmt::format("{}/{}", folder, unit)));
  }
  return absl::OkStatus();
}

absl::Status DisableUnits(const CloneLayer& clone) {
  for (const std::string& folder : clone.List(kUnits)) {
    if (!folder.ends_with(".wants") && !folder.ends_with(".requires")) {
      continue;
    }
    RETURN_IF_ERROR(DisableWanted(clone, fmt::format("{}/{}", kUnits, folder)));
  }
  // What generators and the packages themselves pull in without a link in /etc.
  constexpr std::array<const char*, 8> kMasked = {"getty.target",
                                                  "console-getty.service",
                                                  "systemd-networkd-wait-online.service",
                                                  "NetworkManager-wait-online.service",
                                                  "systemd-firstboot.service",
                                                  "lvm2-monitor.service",
                                                  "apt-daily.timer",
                                                  "apt-daily-upgrade.timer"};
  for (const char* unit : kMasked) {
    RETURN_IF_ERROR(clone.Link(fmt::format("{}/{}", kUnits, unit), "/dev/null"));
  }
  return clone.Link(fmt::format("{}/default.target", kUnits),
                    "/lib/systemd/system/multi-user.target");
}

// Start links of System V scripts, which systemd turns into units.
absl::Status DisableScripts(const CloneLayer& clone) {
  for (const char* level : {"S", "2", "3", "4", "5"}) {
    RETURN_IF_ERROR(HideAll(clone, fmt::format("/etc/rc{}.d", level), "S"));
  }
  return absl::OkStatus();
}

absl::Status HideMachineState(const CloneLayer& clone) {
  // Debian's container images ship a policy that forbids packages to start their services.
  RETURN_IF_ERROR(clone.Hide("/usr/sbin/policy-rc.d"));
  RETURN_IF_ERROR(clone.Hide("/etc/fettle"));
  for (const char* folder : {"/var/lib", "/var/log", "/var/cache", "/var/spool"}) {
    RETURN_IF_ERROR(HideAll(clone, folder, "fettle"));
  }
  RETURN_IF_ERROR(HideAll(clone, "/var/spool/cron/crontabs", ""));
  RETURN_IF_ERROR(HideAll(clone, "/etc/cron.d", ""));
  RETURN_IF_ERROR(HideAll(clone, "/var/lib/systemd/linger", ""));
  RETURN_IF_ERROR(clone.Hide("/etc/crypttab"));
  if (Exists(clone.LowerPath("/etc/cloud"))) {
    RETURN_IF_ERROR(clone.Write("/etc/cloud/cloud-init.disabled", ""));
  }
  return clone.Write("/etc/fstab", "");
}

}  // namespace

absl::Status WriteCloneContent(const CloneLayer& clone, const CloneIdentity& identity) {
  RETURN_IF_ERROR(HideMachineState(clone));
  RETURN_IF_ERROR(DisableUnits(clone));
  RETURN_IF_ERROR(DisableScripts(clone));
  RETURN_IF_ERROR(WriteIdentity(clone, identity));
  return identity.host_network ? absl::OkStatus() : WriteNetworkUnit(clone, identity);
}

}  // namespace fettle::lab
