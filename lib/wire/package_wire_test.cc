// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/package_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::wire {
namespace {

resource::PackageReport Some() {
  resource::PackageReport report;
  report.entries = {{"bash", {"5.2-1", "amd64"}, 1}, {"nano", {}, 0}};
  report.digest = Sha256("all");
  report.changed = absl::FromUnixMicros(1'700'000'000'000'000);
  report.run = "01J";
  report.transactions = {"apt-get install bash"};
  return report;
}

TEST(PackageWireTest, ComesBackAsItWas) {
  const auto back = FromProto(ToProto(Some()));
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->entries.size(), 2U);
  EXPECT_EQ(back->entries[0].name, "bash");
  EXPECT_EQ(back->entries[0].version, (resource::PackageVersion{"5.2-1", "amd64"}));
  EXPECT_EQ(back->entries[0].transaction, 1U);
  EXPECT_EQ(back->entries[1].version, resource::PackageVersion());
  EXPECT_EQ(back->digest, Sha256("all"));
  EXPECT_EQ(back->changed, Some().changed);
  EXPECT_EQ(back->run, "01J");
  EXPECT_EQ(back->transactions, Some().transactions);
}

TEST(PackageWireTest, RefusesWhatNoAgentWrites) {
  const v1::Packages good = ToProto(Some());
  const auto refused = [&](const auto& change) {
    v1::Packages bad = good;
    change(&bad);
    return absl::IsInvalidArgument(FromProto(bad).status());
  };
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->mutable_entries(0)->set_name(""); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->mutable_entries(0)->set_name("a b"); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->mutable_entries(0)->set_version("1\n2"); }));
  EXPECT_TRUE(refused(
      [](v1::Packages* bad) { bad->mutable_entries(0)->set_version(std::string(257, '1')); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->mutable_entries(0)->set_architecture(""); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->mutable_entries(1)->set_name("bash"); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->set_whole(true); }));  // nano has no version.
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->set_digest("short"); }));
  EXPECT_TRUE(refused([](v1::Packages* bad) { bad->set_changed_us(-1); }));
  EXPECT_FALSE(refused([](v1::Packages*) {}));
}

}  // namespace
}  // namespace fettle::wire
