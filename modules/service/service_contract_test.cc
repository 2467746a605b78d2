// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

constexpr const char* kUnit = "web.service";

ContractCase RunningAndEnabled() {
  ContractCase one;
  one.label = "RunningAndEnabled";
  one.type = "service";
  one.name = "web";
  one.declared = {{"running", true}, {"enabled", true}, {"masked", false}};
  one.prepare = [](FakeHost& host) { host.systemd().Add(kUnit); };
  one.changes = {
      {"running", [](FakeHost& host) { host.systemd().Deactivate(kUnit); }, {}},
      {"enabled",
       [](FakeHost& host) { host.systemd().Edit(kUnit).unit_file_state = "disabled"; },
       {}},
      {"masked",
       [](FakeHost& host) { (void)host.systemd().Mask(kUnit, Deadline::Never()); },
       {"enabled", "masked"}},
  };
  return one;
}

ContractCase StoppedAndMasked() {
  ContractCase one;
  one.label = "StoppedAndMasked";
  one.type = "service";
  one.name = "web.service";
  one.declared = {{"running", false}, {"masked", true}, {"stop_triggers", true}};
  one.prepare = [](FakeHost& host) {
    host.systemd().Add(kUnit, "enabled");
    host.systemd().Add("web.socket");
    host.systemd().Activate(kUnit);
    host.systemd().Activate("web.socket");
    host.systemd().Edit(kUnit).triggered_by = {"web.socket"};
  };
  one.changes = {
      {"running", [](FakeHost& host) { host.systemd().Activate(kUnit); }, {}},
      {"masked", [](FakeHost& host) { (void)host.systemd().Unmask(kUnit, Deadline::Never()); }, {}},
  };
  return one;
}

ContractCase Disabled() {
  ContractCase one;
  one.label = "Disabled";
  one.type = "service";
  one.name = "apt-daily.timer";
  one.declared = {{"enabled", false}};
  one.prepare = [](FakeHost& host) { host.systemd().Add("apt-daily.timer", "enabled"); };
  one.changes = {
      {"enabled",
       [](FakeHost& host) { host.systemd().Edit("apt-daily.timer").unit_file_state = "enabled"; },
       {}},
  };
  return one;
}

}  // namespace

std::vector<ContractCase> ServiceContractCases() {
  return {RunningAndEnabled(), StoppedAndMasked(), Disabled()};
}

}  // namespace fettle::contract
