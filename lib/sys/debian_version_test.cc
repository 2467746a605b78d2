// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/debian_version.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "lib/sys/linux_commands.h"

namespace fettle::sys {
namespace {

// From the oldest to the newest; those in one row are equal.
const std::vector<std::vector<std::string>>& Ladder() {
  static const std::vector<std::vector<std::string>> rows = {
      {"0~~"},
      {"0~~a"},
      {"0~"},
      {"0", "0-0", "00", "0:0", "00:0-0"},
      {"0a"},
      {"0+"},
      {"0.0~rc1"},
      {"0.0"},
      {"1~rc1-1"},
      {"1~rc1-1+b1"},
      {"1", "1-0", "01", "0:1"},
      {"1-1~bpo12+1"},
      {"1-1"},
      {"1-1+b1"},
      {"1-1+deb12u1"},
      {"1-1+deb12u2"},
      {"1-1+deb12u10"},
      {"1-1.1"},
      {"1-10"},
      {"1a-1"},
      {"1b-1"},
      {"1+dfsg-1"},
      {"1.2.3-1"},
      {"1.2.3-1-1"},
      {"1.10.3-1"},
      {"1.18446744073709551616"},
      {"1.18446744073709551617"},
      {"2.36-9+deb12u7"},
      {"2.36-9+deb12u14"},
      {"5.2.15-2+b8"},
      {"5.2.15-2+b13"},
      {"1:0~"},
      {"1:0"},
      {"1:9.2"},
      {"2:0.1"},
      {"10:0"},
  };
  return rows;
}

TEST(DebianVersionTest, OrdersTheLadderInBothDirections) {
  const auto& rows = Ladder();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const int expected = i < j ? -1 : (i > j ? 1 : 0);
      for (const std::string& a : rows[i]) {
        for (const std::string& b : rows[j]) {
          EXPECT_EQ(CompareDebianVersions(a, b), expected) << a << " " << b;
        }
      }
    }
  }
}

TEST(DebianVersionTest, AgreesWithDpkg) {
  const auto& rows = Ladder();
  std::string script;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    script += "dpkg --compare-versions '" + rows[i][0] + "' lt '" + rows[i + 1][0] + "' || echo '" +
              rows[i][0] + " not before " + rows[i + 1][0] + "'\n";
    for (const std::string& other : rows[i]) {
      script += "dpkg --compare-versions '" + rows[i][0] + "' eq '" + other + "' || echo '" +
                rows[i][0] + " is not " + other + "'\n";
    }
  }
  Command command;
  command.argv = {"sh", "-c", script};
  const absl::StatusOr<CommandResult> result = RunCommand(command, Deadline::Never());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out + result->err, "");
}

TEST(DebianVersionTest, HasAPlaceForAnyText) {
  EXPECT_EQ(CompareDebianVersions("", ""), 0);
  EXPECT_EQ(CompareDebianVersions("", "1"), -1);
  EXPECT_EQ(CompareDebianVersions("x:1", "1"), 0);
  EXPECT_EQ(CompareDebianVersions("-", "-"), 0);
  EXPECT_EQ(CompareDebianVersions("~", ""), -1);
}

}  // namespace
}  // namespace fettle::sys
