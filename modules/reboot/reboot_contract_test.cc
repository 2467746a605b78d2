// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

void PutHost(FakeHost& host) {
  host.disk().PutDirectory("/var/lib");
  host.disk().PutDirectory("/run/systemd/system");
  host.disk().PutFile("/proc/sys/kernel/random/boot_id", "one\n");
}

ContractCase Wanted() {
  ContractCase one;
  one.label = "Wanted";
  one.type = "reboot";
  one.name = "after upgrades";
  one.declared = {{"when", "needed"}, {"delay", "5m"}, {"message", "a \"new\" kernel"}};
  one.prepare = [](FakeHost& host) {
    PutHost(host);
    host.disk().PutFile("/run/reboot-required", "");
  };
  one.changes = {
      {"when", [](FakeHost& host) { host.systemd().Deactivate("fettle-reboot.timer"); }, {}}};
  return one;
}

ContractCase NotWanted() {
  ContractCase one;
  one.label = "NotWanted";
  one.type = "reboot";
  one.name = "after upgrades";
  one.declared = {{"when", "needed"}};
  one.prepare = PutHost;
  one.differs_at_first = false;
  one.changes = {
      {"when", [](FakeHost& host) { host.disk().PutFile("/run/reboot-required", ""); }, {}}};
  return one;
}

}  // namespace

std::vector<ContractCase> RebootContractCases() {
  return {Wanted(), NotWanted()};
}

}  // namespace fettle::contract
