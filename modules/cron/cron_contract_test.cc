// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "tests/contract/contract_case.h"
#include "tests/support/fake_host.h"

namespace fettle::contract {
namespace {

using resource::Value;
using testing::FakeHost;

constexpr const char* kFile = "/etc/cron.d/fettle-backup";
constexpr const char* kCrontab = "/var/spool/cron/crontabs/ann";
constexpr const char* kForeign = "MAILTO=ann\n*/5 * * * * poll\n";

void PutFolders(FakeHost& host) {
  host.disk().PutDirectory("/etc/cron.d");
  host.disk().PutDirectory("/var/spool/cron/crontabs");
  sys::User ann;
  ann.name = "ann";
  ann.uid = 1005;
  host.passwd().Put(ann);
}

// Somebody edits `path`: the first `from` becomes `to`.
std::function<void(FakeHost&)> Edit(const char* path, std::string from, std::string to) {
  return [path, from = std::move(from), to = std::move(to)](FakeHost& host) {
    std::string text = host.disk().Content(path).value_or("");
    const std::size_t at = text.find(from);
    if (at != std::string::npos) {
      text.replace(at, from.size(), to);
    }
    host.disk().PutFile(path, text);
  };
}

ContractCase InAFile() {
  ContractCase one;
  one.label = "InAFile";
  one.type = "cron";
  one.name = "backup";
  one.declared = {{"command", "date +%F"},
                  {"user", "ann"},
                  {"minute", 30},
                  {"hour", "2"},
                  {"day", "1"},
                  {"month", "jan"},
                  {"weekday", "mon"},
                  {"environment", Value::Map{{"MAILTO", "ops"}}},
                  {"disabled", false}};
  one.prepare = PutFolders;
  one.changes = {
      {"command", Edit(kFile, "date", "rm"), {}},
      {"command", Edit(kFile, "Kept by", "not by"), {}},
      {"user", Edit(kFile, " ann ", " root "), {}},
      {"minute", Edit(kFile, "30 2", "31 2"), {}},
      {"hour", Edit(kFile, "30 2", "30 3"), {}},
      {"day", Edit(kFile, " 1 jan", " 2 jan"), {}},
      {"month", Edit(kFile, "jan", "feb"), {}},
      {"weekday", Edit(kFile, "mon", "tue"), {}},
      {"environment", Edit(kFile, "ops", "evil"), {}},
      {"disabled", Edit(kFile, "30 2", "#disabled 30 2"), {}},
      {"command", [](FakeHost& host) { host.disk().Delete(kFile); }, {"present"}},
      {"command",
       [](FakeHost& host) {
         host.disk().SetAccess(kFile, {0666, 0, 0});
       },
       {"present"}},
  };
  return one;
}

ContractCase InACrontab() {
  ContractCase one;
  one.label = "InACrontab";
  one.type = "cron";
  one.name = "backup";
  one.declared = {{"command", "backup"}, {"user", "ann"}, {"special", "@daily"}, {"crontab", true}};
  one.prepare = [](FakeHost& host) {
    PutFolders(host);
    host.disk().PutFile(kCrontab, kForeign, testing::FakeAccess{0600, 1005, 0});
  };
  one.changes = {
      {"command", Edit(kCrontab, "backup\n@daily backup", "backup\n@daily rm"), {}},
      {"special", Edit(kCrontab, "@daily", "@hourly"), {}},
      {"command", [](FakeHost& host) { host.disk().PutFile(kCrontab, kForeign); }, {"present"}},
      {"crontab", [](FakeHost& host) { host.disk().PutFile(kFile, "@daily ann backup\n"); }, {}},
  };
  one.unchangeable = {"user: says whose crontab it is"};
  return one;
}

ContractCase Absent() {
  ContractCase one;
  one.label = "Absent";
  one.type = "cron";
  one.name = "backup";
  one.declared = {{"absent", true}};
  const auto put = [](FakeHost& host) {
    PutFolders(host);
    host.disk().PutFile(kFile, "@daily root backup\n");
  };
  one.prepare = put;
  one.changes = {{"absent", put, {"present"}}};
  return one;
}

}  // namespace

std::vector<ContractCase> CronContractCases() {
  return {InAFile(), InACrontab(), Absent()};
}

}  // namespace fettle::contract
