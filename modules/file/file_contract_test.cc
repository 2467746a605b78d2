// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

void AddWww(FakeHost& host) {
  sys::User user;
  user.name = "www";
  user.uid = 33;
  user.gid = 33;
  host.passwd().Put(user);
  host.passwd().Put(sys::Group{"www", 33, {}});
}

std::vector<BehindItsBack> AccessChanges(const std::string& path) {
  return {
      {"content", [=](FakeHost& host) { host.disk().PutFile(path, "theirs, and longer\n"); }},
      {"mode",
       [=](FakeHost& host) {
         host.disk().SetAccess(path, {04755, 33, 33});
       }},
      {"owner",
       [=](FakeHost& host) {
         host.disk().SetAccess(path, {0640, 0, 33});
       }},
      {"group",
       [=](FakeHost& host) {
         host.disk().SetAccess(path, {0640, 33, 0});
       }},
  };
}

ContractCase New() {
  ContractCase one;
  one.label = "MakesANewFile";
  one.type = "file";
  one.name = "/etc/app.conf";
  one.declared = {{"content", "a = 1\n"}, {"mode", "0640"}, {"owner", "www"}, {"group", "www"}};
  one.prepare = AddWww;
  one.changes = AccessChanges("/etc/app.conf");
  one.changes.push_back({"content",
                         [](FakeHost& host) { host.disk().Delete("/etc/app.conf"); },
                         {"present", "content", "mode", "owner", "group"}});
  one.changes.push_back({"content",
                         [](FakeHost& host) { host.disk().PutFile("/etc/app.conf", "a = 2\n"); },
                         {"content"}});
  return one;
}

ContractCase Validated() {
  ContractCase one = New();
  one.label = "ReplacesAfterValidation";
  one.declared["validate"] = "check %s";
  one.prepare = [](FakeHost& host) {
    AddWww(host);
    host.disk().PutFile("/etc/app.conf", "old\n", testing::FakeAccess{0600, 0, 0});
    host.programs().OnProgram("check", 0);
  };
  return one;
}

ContractCase Source() {
  const Digest digest = Sha256("GIF89a\x01\x02");
  ContractCase one;
  one.label = "TakesItsBytesFromASource";
  one.type = "file";
  one.name = "/srv/logo.gif";
  one.declared = {{"source", "sha256:" + digest.Hex()}};
  one.prepare = [](FakeHost& host) {
    host.disk().PutDirectory("/srv");
    host.blob_store().Add("GIF89a\x01\x02");
  };
  one.changes = {
      {"source", [](FakeHost& host) { host.disk().PutFile("/srv/logo.gif", "x"); }, {"content"}}};
  return one;
}

ContractCase Secret() {
  ContractCase one;
  one.label = "KeepsSecretsToItself";
  one.type = "file";
  one.name = "/etc/token";
  one.declared = {{"content", Value::Secret("hunter2-new\n")}, {"validate", "check %s"}};
  one.prepare = [](FakeHost& host) {
    host.disk().PutFile("/etc/token", "hunter2-old\n");
    host.programs().OnProgram("check", 0);
  };
  one.changes = {
      {"content", [](FakeHost& host) { host.disk().PutFile("/etc/token", "hunter2-foreign"); }}};
  one.secrets = {"hunter2"};
  return one;
}

ContractCase ForcedOverLink() {
  ContractCase one;
  one.label = "ReplacesALinkByForce";
  one.type = "file";
  one.name = "/etc/resolv.conf";
  one.declared = {{"content", "nameserver 9.9.9.9\n"}, {"force", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutLink("/etc/resolv.conf", "/run/stub"); };
  one.changes = {{"content",
                  [](FakeHost& host) { host.disk().PutLink("/etc/resolv.conf", "/run/stub"); },
                  {"content", "kind"}}};
  return one;
}

ContractCase Followed() {
  ContractCase one;
  one.label = "EditsTheTargetOfALink";
  one.type = "file";
  one.name = "/etc/app.conf";
  one.declared = {{"content", "a\n"}, {"follow", true}};
  one.prepare = [](FakeHost& host) {
    host.disk().PutFile("/srv/app.conf", "old\n");
    host.disk().PutLink("/etc/app.conf", "../srv/app.conf");
  };
  one.changes = {
      {"content", [](FakeHost& host) { host.disk().PutFile("/srv/app.conf", "theirs\n"); }}};
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "RemovesAFile";
  one.type = "file";
  one.name = "/etc/cron.d/old";
  one.declared = {{"absent", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutFile("/etc/cron.d/old", "x"); };
  one.changes = {
      {"absent", [](FakeHost& host) { host.disk().PutFile("/etc/cron.d/old", "y"); }, {"present"}}};
  return one;
}

ContractCase Seeded() {
  ContractCase one;
  one.label = "LeavesSeededContentAlone";
  one.type = "file";
  one.name = "/etc/seed";
  one.declared = {{"content", "first\n"}, {"replace", false}, {"mode", "0600"}};
  one.prepare = [](FakeHost& host) {
    host.disk().PutFile("/etc/seed", "the host's own\n", testing::FakeAccess{0600, 0, 0});
  };
  one.differs_at_first = false;
  one.changes = {{"mode", [](FakeHost& host) {
                    host.disk().SetAccess("/etc/seed", {0644, 0, 0});
                  }}};
  one.unchangeable = {"content: replace = false, so only a missing file gets it"};
  return one;
}

}  // namespace

std::vector<ContractCase> FileContractCases() {
  return {New(), Validated(), Source(), Secret(), ForcedOverLink(), Followed(), Absent(), Seeded()};
}

}  // namespace fettle::contract
