// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

constexpr const char* kHash = "$y$j9T$salt$thisisverysecret";

void PutGroups(FakeHost& host) {
  host.passwd().Put(sys::Group{"adm", 4, {}});
  host.passwd().Put(sys::Group{"www", 33, {}});
}

ContractCase Full() {
  ContractCase one;
  one.label = "Full";
  one.type = "user";
  one.name = "ann";
  one.declared = {{"uid", 2001},
                  {"group", "www"},
                  {"groups", Value::List{"adm"}},
                  {"exact_groups", true},
                  {"comment", "Ann Other"},
                  {"home", "/srv/ann"},
                  {"shell", "/bin/bash"},
                  {"password_hash", Value::Secret(kHash)},
                  {"locked", false},
                  {"expires", "2027-01-31"},
                  {"allow_renumber", true}};
  one.prepare = PutGroups;
  one.secrets = {kHash, "thisisverysecret"};
  one.changes = {
      {"uid", [](FakeHost& host) { host.passwd().EditUser("ann").uid = 3000; }, {}},
      {"group", [](FakeHost& host) { host.passwd().EditUser("ann").gid = 4; }, {}},
      {"groups", [](FakeHost& host) { host.passwd().EditGroup("adm").members.clear(); }, {}},
      {"groups", [](FakeHost& host) { host.passwd().EditGroup("root").members = {"ann"}; }, {}},
      {"comment", [](FakeHost& host) { host.passwd().EditUser("ann").comment = "x"; }, {}},
      {"home", [](FakeHost& host) { host.passwd().EditUser("ann").home = "/"; }, {}},
      {"shell", [](FakeHost& host) { host.passwd().EditUser("ann").shell = "/bin/false"; }, {}},
      {"password_hash",
       [](FakeHost& host) { host.passwd().EditUser("ann").password_hash = "$6$a$b"; },
       {}},
      {"locked", [](FakeHost& host) { host.passwd().EditUser("ann").locked = true; }, {}},
      {"expires", [](FakeHost& host) { host.passwd().EditUser("ann").expires_day = -1; }, {}},
      {"uid", [](FakeHost& host) { host.passwd().DeleteUser("ann"); }, {"present"}},
  };
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "Absent";
  one.type = "user";
  one.name = "ann";
  one.declared = {{"absent", true}, {"remove_home", true}};
  const auto put = [](FakeHost& host) {
    sys::User ann;
    ann.name = "ann";
    ann.uid = 1005;
    ann.gid = 1005;
    ann.home = "/home/ann";
    host.passwd().Put(ann);
  };
  one.prepare = put;
  one.changes = {{"absent", put, {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> UserContractCases() {
  return {Full(), Absent()};
}

}  // namespace fettle::contract
