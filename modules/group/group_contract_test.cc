// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

void PutUsers(FakeHost& host) {
  for (const char* const name : {"ann", "bob"}) {
    sys::User user;
    user.name = name;
    user.uid = name[0] == 'a' ? 1001 : 1002;
    user.gid = 9999;
    host.passwd().Put(user);
  }
}

ContractCase Exact() {
  ContractCase one;
  one.label = "Exact";
  one.type = "group";
  one.name = "staff";
  one.declared = {{"gid", 2001},
                  {"members", Value::List{"ann"}},
                  {"exact_members", true},
                  {"allow_renumber", true}};
  one.prepare = PutUsers;
  one.changes = {
      {"gid", [](FakeHost& host) { host.passwd().EditGroup("staff").gid = 3000; }, {}},
      {"members", [](FakeHost& host) { host.passwd().EditGroup("staff").members = {"bob"}; }, {}},
      {"members", [](FakeHost& host) { host.passwd().EditGroup("staff").members.clear(); }, {}},
      {"gid", [](FakeHost& host) { host.passwd().DeleteGroup("staff"); }, {"present"}},
  };
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "Absent";
  one.type = "group";
  one.name = "staff";
  one.declared = {{"absent", true}};
  const auto put = [](FakeHost& host) { host.passwd().Put(sys::Group{"staff", 2001, {}}); };
  one.prepare = put;
  one.changes = {{"absent", put, {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> GroupContractCases() {
  return {Exact(), Absent()};
}

}  // namespace fettle::contract
