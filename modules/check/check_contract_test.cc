// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using testing::FakeHost;

constexpr const char* kUrl = "http://127.0.0.1/";

ContractCase Of(const char* label, resource::Value::Map declared) {
  ContractCase one;
  one.label = label;
  one.type = "check";
  one.name = "it works";
  one.declared = std::move(declared);
  one.can_apply = false;
  return one;
}

ContractCase Http() {
  ContractCase one = Of("Http", {{"http", kUrl}});
  one.changes = {{"http", [](FakeHost& host) { host.programs().OnHttp(kUrl, 503, ""); }, {}}};
  return one;
}

ContractCase Tcp() {
  ContractCase one = Of("Tcp", {{"tcp", "db:5432"}});
  one.changes = {{"tcp", [](FakeHost& host) { host.programs().StopListening("db", 5432); }, {}}};
  return one;
}

ContractCase Command() {
  ContractCase one = Of("Command", {{"command", "is-well"}});
  one.changes = {{"command", [](FakeHost& host) { host.programs().OnProgram("is-well", 1); }, {}}};
  return one;
}

ContractCase File() {
  ContractCase one = Of("File", {{"file", "/etc/licence"}, {"contains", "valid"}});
  one.changes = {
      {"file", [](FakeHost& host) { host.disk().PutFile("/etc/licence", "expired"); }, {}}};
  return one;
}

}  // namespace

std::vector<ContractCase> CheckContractCases() {
  return {Http(), Tcp(), Command(), File()};
}

}  // namespace fettle::contract
