// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/cut_off.h"

#include <string>

#include <gtest/gtest.h>

namespace fettle::undo {
namespace {

bool CutsOff(const std::string& type,
             const std::string& name,
             const std::string& owns,
             const resource::Attributes& attributes = {}) {
  resource::Declaration declaration;
  declaration.type = type;
  declaration.name = name;
  declaration.attributes = attributes;
  resource::Footprint footprint;
  footprint.owns = {owns};
  return MayCutOff(declaration, footprint);
}

bool FileCutsOff(const std::string& path) {
  return CutsOff("file", path, "path:" + path);
}

TEST(CutOffTest, FilesOfNetworkFirewallSshAndAgentDo) {
  for (const char* path : {"/etc/network/interfaces",
                           "/etc/netplan/01.yaml",
                           "/etc/systemd/network/eth0.network",
                           "/etc/systemd/networkd.conf.d/x.conf",
                           "/etc/NetworkManager/conf.d/x.conf",
                           "/etc/nftables.conf",
                           "/etc/nftables.d/web.nft",
                           "/etc/iptables/rules.v4",
                           "/etc/ssh/sshd_config.d/10.conf",
                           "/etc/resolv.conf",
                           "/etc/hosts",
                           "/etc/fettle/agent/agent.toml",
                           "/etc/systemd/system/ssh.service.d/x.conf"}) {
    EXPECT_TRUE(FileCutsOff(path)) << path;
  }
}

TEST(CutOffTest, OtherFilesDoNot) {
  for (const char* path : {"/etc/motd",
                           "/etc/hosts.equiv",
                           "/etc/hostname",
                           "/etc/nginx/nginx.conf",
                           "/etc/sshguard"}) {
    EXPECT_FALSE(FileCutsOff(path)) << path;
  }
}

TEST(CutOffTest, LinesOfSuchAFileDo) {
  resource::Attributes attributes;
  attributes.Set("path", resource::Value("/etc/ssh/sshd_config"));
  EXPECT_TRUE(CutsOff("line", "root", "line:/etc/ssh/sshd_config:root", attributes));
}

TEST(CutOffTest, ADirectoryThatIsPurgedDoesWhenItHoldsOne) {
  resource::Attributes purge;
  purge.Set("purge", resource::Value(true));
  EXPECT_TRUE(CutsOff("directory", "/etc", "path:/etc", purge));
  EXPECT_FALSE(CutsOff("directory", "/etc", "path:/etc"));
  EXPECT_FALSE(CutsOff("directory", "/et", "path:/et", purge));
}

TEST(CutOffTest, UnitsPackagesAndKernelSettingsDoByName) {
  EXPECT_TRUE(CutsOff("service", "ssh.service", "service:ssh.service"));
  EXPECT_FALSE(CutsOff("service", "cron.service", "service:cron.service"));
  EXPECT_TRUE(CutsOff("package", "openssh-server", "package:openssh-server"));
  EXPECT_FALSE(CutsOff("package", "cowsay", "package:cowsay"));
  EXPECT_TRUE(CutsOff("sysctl", "net.ipv4.ip_forward", "sysctl:net.ipv4.ip_forward"));
  EXPECT_FALSE(CutsOff("sysctl", "vm.swappiness", "sysctl:vm.swappiness"));
}

TEST(CutOffTest, WhatTheDeclarationSaysWins) {
  resource::Declaration declaration;
  declaration.type = "file";
  resource::Footprint footprint;
  footprint.owns = {"path:/etc/hosts"};
  EXPECT_EQ(ConfirmWindow(declaration, footprint), kDefaultWindow);
  declaration.confirm = absl::ZeroDuration();
  EXPECT_EQ(ConfirmWindow(declaration, footprint), absl::ZeroDuration());
  footprint.owns = {"path:/etc/motd"};
  declaration.confirm = absl::Minutes(5);
  EXPECT_EQ(ConfirmWindow(declaration, footprint), absl::Minutes(5));
  declaration.confirm = std::nullopt;
  EXPECT_EQ(ConfirmWindow(declaration, footprint), absl::ZeroDuration());
}

}  // namespace
}  // namespace fettle::undo
