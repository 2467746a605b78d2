// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

// "is-made" succeeds while /out is there, "make" makes it.
void Script(FakeHost& host, bool made) {
  host.programs().OnProgram("is-made", made ? 0 : 1);
}

void ScriptBoth(FakeHost& host) {
  Script(host, false);
  host.programs().OnProgram("make", 0, [](FakeHost& made, const sys::Command&) {
    made.disk().PutFile("/out", "made");
    Script(made, true);
  });
}

ContractCase Creates() {
  ContractCase one;
  one.label = "Creates";
  one.type = "exec";
  one.name = "make it";
  one.declared = {{"command", "make"},
                  {"creates", "/out"},
                  {"input", Value::Secret("hunter2")},
                  {"environment", Value::Map{{"TOKEN", Value::Secret("abc123")}}}};
  one.prepare = ScriptBoth;
  one.secrets = {"hunter2", "abc123"};
  one.changes = {{"creates", [](FakeHost& host) { host.disk().Delete("/out"); }, {}}};
  return one;
}

ContractCase Checked() {
  ContractCase one;
  one.label = "Checked";
  one.type = "exec";
  one.name = "make it";
  one.declared = {{"command", "make"}, {"check", "is-made"}};
  one.prepare = ScriptBoth;
  one.changes = {{"check", [](FakeHost& host) { Script(host, false); }, {}}};
  return one;
}

}  // namespace

std::vector<ContractCase> ExecContractCases() {
  return {Creates(), Checked()};
}

}  // namespace fettle::contract
