// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

constexpr const char* kPath = "/etc/app.conf";

std::function<void(FakeHost&)> Holds(const std::string& text) {
  return [text](FakeHost& host) { host.disk().PutFile(kPath, text); };
}

ContractCase Matched() {
  ContractCase one;
  one.label = "ReplacesWhatMatches";
  one.type = "line";
  one.name = "no root";
  one.declared = {{"path", kPath},
                  {"line", "PermitRootLogin no"},
                  {"match", "^#?PermitRootLogin "},
                  {"validate", "check %s"}};
  one.prepare = [](FakeHost& host) {
    host.disk().PutFile(
        kPath, "Port 22\r\n#PermitRootLogin yes\r\n", testing::FakeAccess{0600, 0, 5});
    host.programs().OnProgram("check", 0);
  };
  one.changes = {{"line", Holds("Port 22\r\nPermitRootLogin yes")},
                 {"line", Holds("")},
                 {"line", Holds("PermitRootLogin no\nPermitRootLogin no\n")}};
  one.unchangeable = {"path: it names the file"};
  return one;
}

ContractCase Block() {
  ContractCase one;
  one.label = "KeepsABlock";
  one.type = "line";
  one.name = "cluster";
  one.declared = {{"path", kPath}, {"block", "a\nb\n"}, {"create", true}, {"mode", "0640"}};
  one.changes = {{"block", Holds("x\n# BEGIN cluster\na\n# END cluster\n")},
                 {"block", [](FakeHost& host) { host.disk().Delete(kPath); }}};
  one.unchangeable = {"path: it names the file"};
  return one;
}

ContractCase Secret() {
  ContractCase one;
  one.label = "KeepsSecretsToItself";
  one.type = "line";
  one.name = "token";
  one.declared = {{"path", kPath}, {"line", Value::Secret("token=hunter2")}, {"match", "^token="}};
  one.prepare = Holds("a\ntoken=hunter2-old\n");
  one.changes = {{"line", Holds("token=hunter2-theirs\n")}};
  one.unchangeable = {"path: it names the file"};
  one.secrets = {"hunter2"};
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "RemovesWhatMatches";
  one.type = "line";
  one.name = "no swap";
  one.declared = {{"path", kPath}, {"match", "swap"}, {"absent", true}};
  one.prepare = Holds("a\nswap 1\nb\nswap 2\n");
  one.changes = {{"absent", Holds("swap\n"), {"line"}}};
  one.unchangeable = {"path: it names the file"};
  return one;
}

}  // namespace

std::vector<ContractCase> LineContractCases() {
  return {Matched(), Block(), Secret(), Absent()};
}

}  // namespace fettle::contract
