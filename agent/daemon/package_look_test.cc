// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/package_look.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle::agent {
namespace {

using resource::PackageReport;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Logs as a test writes them, no processes.
class Logs final : public sys::ProcessReader {
 public:
  std::optional<sys::ProcessInfo> Look(int64_t /*pid*/) const override { return std::nullopt; }

  std::string Variable(int64_t /*pid*/, std::string_view /*name*/) const override { return ""; }

  std::vector<int64_t> Named(std::string_view /*name*/) const override { return {}; }

  std::string Tail(const std::string& path, std::size_t /*most*/) const override {
    const auto found = logs.find(path);
    return found == logs.end() ? "" : found->second;
  }

  std::string UserName(uint32_t uid) const override { return std::to_string(uid); }

  std::map<std::string, std::string> logs;
};

class PackageLookTest : public ::testing::Test {
 protected:
  PackageLookTest() {
    for (const char* const name : {"bash", "nano", "nginx"}) {
      testing::FakePackage package;
      package.name = name;
      package.versions = {"2", "1"};
      host_.apt().AddAvailable(package);
    }
    host_.apt().Install("bash", "1");
    host_.apt().Install("nano", "1");
    Touch();
  }

  // The package manager has written its database.
  void Touch() { host_.disk().PutFile("/var/lib/dpkg/status", std::string(++touched_, 'x')); }

  PackageLook Fresh() { return {host_, logs_, Path()}; }

  std::string Path() const { return folder_.path() + "/packages"; }

  testing::FakeHost host_;
  Logs logs_;
  testing::TempFolder folder_;
  PackageLook look_{host_, logs_, Path()};
  std::size_t touched_ = 0;
};

std::vector<std::string> Told(const std::optional<PackageReport>& report) {
  std::vector<std::string> told;
  if (report.has_value()) {
    for (const resource::PackageEntry& entry : report->entries) {
      told.push_back(entry.name + " " + entry.version.version);
    }
  }
  return told;
}

TEST_F(PackageLookTest, TellsTheWholeListOnceAndThenWhatChanged) {
  const auto first = look_.Look("");
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->whole);
  EXPECT_THAT(Told(first), ElementsAre("bash 1", "nano 1"));
  EXPECT_EQ(first->digest, look_.digest());
  host_.apt().Install("bash", "2");
  host_.apt().Remove("nano");
  host_.apt().Install("nginx", "2");
  Touch();
  const auto next = look_.Look("01RUN");
  ASSERT_TRUE(next.has_value());
  EXPECT_FALSE(next->whole);
  EXPECT_EQ(next->run, "01RUN");
  EXPECT_THAT(Told(next), ElementsAre("bash 2", "nano ", "nginx 2"));
  EXPECT_NE(next->digest, first->digest);
}

TEST_F(PackageLookTest, ADatabaseThatWasNotWrittenIsNotRead) {
  ASSERT_TRUE(look_.Look("").has_value());
  host_.apt().Install("bash", "2");  // Unseen: nothing was written.
  EXPECT_FALSE(look_.Look("").has_value());
  Touch();
  EXPECT_TRUE(look_.Look("").has_value());
  Touch();
  EXPECT_FALSE(look_.Look("").has_value());  // Written, and nothing in it changed.
}

TEST_F(PackageLookTest, ARestartRepeatsNothingAndMissesNothing) {
  ASSERT_TRUE(look_.Look("").has_value());
  PackageLook second = Fresh();
  EXPECT_FALSE(second.Look("").has_value());
  EXPECT_EQ(second.digest(), look_.digest());
  host_.apt().Remove("nano");
  Touch();
  PackageLook third = Fresh();
  EXPECT_THAT(Told(third.Look("")), ElementsAre("nano "));
}

TEST_F(PackageLookTest, ADamagedListIsToldAnew) {
  ASSERT_TRUE(look_.Look("").has_value());
  std::ofstream(Path()) << "damaged";
  PackageLook second = Fresh();
  const auto again = second.Look("");
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->whole);
}

TEST_F(PackageLookTest, SaysWhichTransactionDidIt) {
  ASSERT_TRUE(look_.Look("").has_value());
  logs_.logs["/var/log/apt/history.log"] =
      "Start-Date: x\nCommandline: apt-get install bash\nInstall: bash:amd64 (1)\n\n"
      "Start-Date: x\nCommandline: apt-get upgrade\nRequested-By: ann (1000)\n"
      "Upgrade: bash:amd64 (1, 2)\n";
  logs_.logs["/var/log/dpkg.log"] =
      "2026-03-01 10:00:00 remove nano:amd64 1 <none>\n"
      "2026-03-01 10:00:00 install nginx:amd64 <none> 7\n";
  host_.apt().Install("bash", "2");
  host_.apt().Remove("nano");
  host_.apt().Install("nginx", "2");
  Touch();
  const auto report = look_.Look("");
  ASSERT_TRUE(report.has_value());
  EXPECT_THAT(report->transactions,
              ElementsAre("apt-get upgrade, requested by ann (1000)",
                          "dpkg: 2026-03-01 10:00:00 remove nano:amd64 1 <none>"));
  ASSERT_EQ(report->entries.size(), 3U);
  EXPECT_EQ(report->entries[0].transaction, 1U);
  EXPECT_EQ(report->entries[1].transaction, 2U);
  EXPECT_EQ(report->entries[2].transaction, 0U);  // The log tells of another version.
}

TEST_F(PackageLookTest, WhatItKeepsComesBack) {
  const SeenPackages seen{{{"bash", {"1", "amd64"}}, {"libc6:i386", {"2", "i386"}}},
                          absl::FromUnixSeconds(1'700'000'000)};
  ASSERT_OK(SavePackages(Path(), seen));
  ASSERT_OK_AND_ASSIGN(const SeenPackages back, LoadPackages(Path()));
  EXPECT_EQ(back.packages, seen.packages);
  EXPECT_EQ(back.changed, seen.changed);
  EXPECT_TRUE(absl::IsNotFound(LoadPackages(Path() + "x").status()));
}

}  // namespace
}  // namespace fettle::agent
