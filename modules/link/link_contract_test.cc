// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

ContractCase Symbolic() {
  ContractCase one;
  one.label = "LeadsWhereItIsTold";
  one.type = "link";
  one.name = "/etc/app/current";
  one.declared = {{"target", "../v2"}};
  one.prepare = [](FakeHost& host) { host.disk().PutLink("/etc/app/current", "../v1"); };
  one.changes = {
      {"target", [](FakeHost& host) { host.disk().PutLink("/etc/app/current", "../v3"); }},
      {"target",
       [](FakeHost& host) { host.disk().Delete("/etc/app/current"); },
       {"present", "target"}},
  };
  return one;
}

ContractCase Forced() {
  ContractCase one;
  one.label = "ReplacesADirectoryByForce";
  one.type = "link";
  one.name = "/var/data";
  one.declared = {{"target", "/srv/data"}, {"force", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutFile("/var/data/old/file", "x"); };
  one.changes = {{"target",
                  [](FakeHost& host) {
                    host.disk().Delete("/var/data");
                    host.disk().PutFile("/var/data", "x");
                  },
                  {"kind", "target"}}};
  return one;
}

ContractCase Hard() {
  ContractCase one;
  one.label = "IsAnotherNameOfAFile";
  one.type = "link";
  one.name = "/srv/b";
  one.declared = {{"target", "/srv/a"}, {"hard", true}, {"force", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutFile("/srv/a", "a"); };
  one.changes = {{"target", [](FakeHost& host) { host.disk().ReplaceInode("/srv/b"); }}};
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "RemovesALink";
  one.type = "link";
  one.name = "/etc/default";
  one.declared = {{"absent", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutLink("/etc/default", "nowhere"); };
  one.changes = {{"absent",
                  [](FakeHost& host) { host.disk().PutLink("/etc/default", "elsewhere"); },
                  {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> LinkContractCases() {
  return {Symbolic(), Forced(), Hard(), Absent()};
}

}  // namespace fettle::contract
