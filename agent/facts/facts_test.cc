// SPDX-License-Identifier: Apache-2.0
#include "agent/facts/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_host.h"

namespace fettle::facts {
namespace {

using resource::Value;

class FactsTest : public ::testing::Test {
 protected:
  void Put(const std::string& path, std::string_view content) {
    host_.disk().PutFile(path, content);
  }

  // "cpu.count" of the facts, as people read it; "(absent)" when there is none.
  std::string Fact(const std::string& path) const {
    const Value facts(CollectFacts(host_));
    const Value* at = &facts;
    std::size_t start = 0;
    while (start <= path.size()) {
      const std::size_t dot = std::min(path.find('.', start), path.size());
      const auto found = at->AsMap().find(path.substr(start, dot - start));
      if (found == at->AsMap().end()) {
        return "(absent)";
      }
      at = &found->second;
      start = dot + 1;
    }
    return at->Display();
  }

  testing::FakeHost host_;
};

TEST_F(FactsTest, TellsNamesSystemAndMachine) {
  Put("/proc/sys/kernel/hostname", "web1\n");
  Put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 web1.example.org web1 # me\n");
  Put("/etc/machine-id", "0123456789abcdef\n");
  Put("/etc/os-release",
      "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"
      "VERSION_CODENAME=bookworm\n# ID=other\n");
  Put("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  Put("/proc/sys/kernel/arch", "x86_64\n");
  Put("/sys/devices/system/cpu/online", "0-3,6\n");
  Put("/proc/cpuinfo",
      "processor\t: 0\nmodel name\t: A CPU @ 2GHz\nflags\t\t: fpu hypervisor sse\n");
  Put("/proc/meminfo", "MemTotal:        2048000 kB\nMemFree: 1 kB\n");
  EXPECT_EQ(Fact("hostname"), "web1");
  EXPECT_EQ(Fact("fqdn"), "web1.example.org");
  EXPECT_EQ(Fact("machine_id"), "0123456789abcdef");
  EXPECT_EQ(Fact("os"),
            "{codename = bookworm, family = debian, id = debian, pretty = Debian GNU/Linux 12 "
            "(bookworm), version = 12}");
  EXPECT_EQ(Fact("kernel.release"), "6.1.0-18-amd64");
  EXPECT_EQ(Fact("arch"), "x86_64");
  EXPECT_EQ(Fact("cpu"), "{count = 5, model = A CPU @ 2GHz}");
  EXPECT_EQ(Fact("memory.total_mb"), "2000");
  EXPECT_EQ(Fact("virtual"), "vm");
}

TEST_F(FactsTest, TheTablesAreThereOnAHostThatTellsNothing) {
  EXPECT_EQ(Fact("os"), "{}");
  EXPECT_EQ(Fact("cpu.count"), "(absent)");
  EXPECT_EQ(Fact("network"), "{addresses = [], interfaces = {}}");
  EXPECT_EQ(Fact("virtual"), "physical");
}

TEST_F(FactsTest, AFamilyIsThatOfWhatItIsLike) {
  Put("/etc/os-release", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
  EXPECT_EQ(Fact("os.family"), "debian");
  Put("/etc/os-release", "ID='rocky'\nID_LIKE='rhel centos fedora'\n");
  EXPECT_EQ(Fact("os.family"), "redhat");
}

TEST_F(FactsTest, TellsWhatItIsMadeOf) {
  Put("/sys/class/dmi/id/sys_vendor", "QEMU\n");
  EXPECT_EQ(Fact("virtual"), "kvm");
  Put("/run/systemd/container", "systemd-nspawn\n");
  EXPECT_EQ(Fact("virtual"), "systemd-nspawn");
}

TEST_F(FactsTest, TellsAddressesThatLastByInterface) {
  Put("/proc/net/route",
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n");
  Put("/proc/net/fib_trie",
      "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
      "Local:\n     |-- 10.0.2.0\n        /24 link UNICAST\n     |-- 10.0.2.15\n"
      "        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
      "     |-- 172.17.0.1\n        /32 host LOCAL\n");
  Put("/proc/net/if_inet6",
      "20010db8000000000000000000000005 02 40 00 80     eth0\n"
      "20010db8000000000000000000000009 02 40 00 01     eth0\n"
      "fe800000000000000000000000000001 02 40 20 80     eth0\n"
      "00000000000000000000000000000001 01 80 10 80       lo\n");
  Put("/sys/class/net/eth0/address", "52:54:00:12:34:56\n");
  Put("/sys/class/net/docker0/address", "02:42:00:00:00:01\n");
  Put("/sys/class/net/lo/address", "00:00:00:00:00:00\n");
  EXPECT_EQ(Fact("network"),
            "{address = 10.0.2.15, addresses = [10.0.2.15, 2001:db8::5], interfaces = {eth0 = "
            "{addresses = [10.0.2.15, 2001:db8::5], mac = 52:54:00:12:34:56}}}");
}

}  // namespace
}  // namespace fettle::facts
