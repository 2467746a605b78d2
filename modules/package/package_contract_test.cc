// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

void OfferCurl(FakeHost& host) {
  host.apt().AddAvailable({.name = "curl", .versions = {"8.0-2", "8.0-1", "7.9-1"}});
}

ContractCase Installed() {
  ContractCase one;
  one.label = "Installed";
  one.type = "package";
  one.name = "curl";
  one.declared = {{"version", ""}};
  one.prepare = OfferCurl;
  one.changes = {{"version", [](FakeHost& host) { host.apt().Remove("curl", true); }, {"present"}}};
  return one;
}

ContractCase ExactAndHeld() {
  ContractCase one;
  one.label = "ExactAndHeld";
  one.type = "package";
  one.name = "curl";
  one.declared = {{"version", "8.0-1"}, {"held", true}, {"allow_downgrade", true}};
  one.prepare = OfferCurl;
  one.changes = {
      {"version", [](FakeHost& host) { host.apt().Install("curl", "8.0-2"); }, {}},
      {"version", [](FakeHost& host) { host.apt().Install("curl", "7.9-1"); }, {}},
      {"held", [](FakeHost& host) { host.apt().SetHeld("curl", false); }, {}},
  };
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "Absent";
  one.type = "package";
  one.name = "curl";
  one.declared = {{"absent", true}};
  one.prepare = [](FakeHost& host) {
    OfferCurl(host);
    host.apt().Install("curl");
  };
  one.changes = {{"absent", [](FakeHost& host) { host.apt().Install("curl"); }, {"present"}}};
  one.unchangeable = {"version: a package that is not there has none"};
  return one;
}

ContractCase Purged() {
  ContractCase one = Absent();
  one.label = "Purged";
  one.declared = {{"purged", true}};
  one.changes = {
      {"purged", [](FakeHost& host) { host.apt().Install("curl"); }, {"present", "purged"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> PackageContractCases() {
  return {Installed(), ExactAndHeld(), Absent(), Purged()};
}

}  // namespace fettle::contract
