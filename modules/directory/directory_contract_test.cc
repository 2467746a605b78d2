// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

constexpr const char* kPath = "/srv/app";

void Prepare(FakeHost& host) {
  sys::User user;
  user.name = "app";
  user.uid = 50;
  user.gid = 50;
  host.passwd().Put(user);
  host.passwd().Put(sys::Group{"app", 50, {}});
  host.disk().PutDirectory("/srv");
}

ContractCase New() {
  ContractCase one;
  one.label = "MakesADirectory";
  one.type = "directory";
  one.name = kPath;
  one.declared = {{"mode", "2750"}, {"owner", "app"}, {"group", "app"}};
  one.prepare = Prepare;
  one.changes = {
      {"mode",
       [](FakeHost& host) {
         host.disk().SetAccess(kPath, {0755, 50, 50});
       }},
      {"owner",
       [](FakeHost& host) {
         host.disk().SetAccess(kPath, {02750, 0, 50});
       }},
      {"group",
       [](FakeHost& host) {
         host.disk().SetAccess(kPath, {02750, 50, 0});
       }},
      {"mode",
       [](FakeHost& host) { host.disk().Delete(kPath); },
       {"present", "mode", "owner", "group"}},
  };
  return one;
}

ContractCase Recursive() {
  ContractCase one;
  one.label = "PutsRightAllBelow";
  one.type = "directory";
  one.name = kPath;
  one.declared = {
      {"recurse", true}, {"owner", "app"}, {"file_mode", "0640"}, {"directory_mode", "0750"}};
  one.prepare = [](FakeHost& host) {
    Prepare(host);
    host.disk().PutFile("/srv/app/a", "a");
    host.disk().PutFile("/srv/app/sub/b", "b");
    host.disk().PutLink("/srv/app/link", "/etc");
  };
  one.changes = {
      {"owner",
       [](FakeHost& host) {
         host.disk().SetAccess("/srv/app/sub/b", {0640, 0, 0});
       }},
      {"file_mode",
       [](FakeHost& host) {
         host.disk().SetAccess("/srv/app/a", {0666, 50, 0});
       }},
      {"directory_mode",
       [](FakeHost& host) {
         host.disk().SetAccess("/srv/app/sub", {0777, 50, 0});
       }},
  };
  return one;
}

ContractCase Purged() {
  ContractCase one;
  one.label = "RemovesWhatNobodyOwns";
  one.type = "directory";
  one.name = kPath;
  one.declared = {{"purge", true}, {"force", true}, {"keep", Value::List{"ours", "d/ours"}}};
  one.prepare = [](FakeHost& host) {
    Prepare(host);
    for (const char* const path : {"ours", "theirs", "d/ours", "d/theirs", "x.dpkg-new", "e/f/g"}) {
      host.disk().PutFile(std::string("/srv/app/") + path, path);
    }
  };
  one.changes = {{"purge", [](FakeHost& host) { host.disk().PutFile("/srv/app/d/new", "x"); }},
                 {"purge", [](FakeHost& host) { host.disk().PutLink("/srv/app/new", "/etc"); }}};
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "RemovesATreeByForce";
  one.type = "directory";
  one.name = kPath;
  one.declared = {{"absent", true}, {"force", true}};
  one.prepare = [](FakeHost& host) { host.disk().PutFile("/srv/app/a/b", "x"); };
  one.changes = {{"absent", [](FakeHost& host) { host.disk().PutDirectory(kPath); }, {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> DirectoryContractCases() {
  return {New(), Recursive(), Purged(), Absent()};
}

}  // namespace fettle::contract
