// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

constexpr const char* kFile = "/etc/sysctl.d/99-fettle-vm.swappiness.conf";

void PutKey(FakeHost& host) {
  host.disk().PutDirectory("/etc/sysctl.d");
  host.sysctls().AddKey("vm.swappiness", "60");
}

ContractCase LiveAndKept() {
  ContractCase one;
  one.label = "LiveAndKept";
  one.type = "sysctl";
  one.name = "vm/swappiness";
  one.declared = {{"value", 10}, {"persist", true}};
  one.prepare = PutKey;
  one.changes = {
      {"value", [](FakeHost& host) { host.sysctls().SetLive("vm.swappiness", "61"); }, {}},
      {"persist", [](FakeHost& host) { host.disk().Delete(kFile); }, {}},
      {"persist", [](FakeHost& host) { host.disk().PutFile(kFile, "vm.swappiness=1\n"); }, {}},
  };
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "Absent";
  one.type = "sysctl";
  one.name = "vm.swappiness";
  one.declared = {{"absent", true}};
  const auto put = [](FakeHost& host) {
    PutKey(host);
    host.disk().PutFile(kFile, "vm.swappiness = 10\n");
  };
  one.prepare = put;
  one.changes = {{"absent", put, {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> SysctlContractCases() {
  return {LiveAndKept(), Absent()};
}

}  // namespace fettle::contract
