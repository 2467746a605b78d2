// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/apt_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Step = AptTransaction::Step;

constexpr char kHistory[] = R"(Upgrade: cut:amd64 (1, 2)
End-Date: 2026-03-01  09:00:00

Start-Date: 2026-03-01  10:00:00
Commandline: apt-get install -y nginx
Requested-By: ann (1000)
Install: nginx:amd64 (1.22.1-9), nginx-common:all (1.22.1-9, automatic)
Upgrade: bash:amd64 (5.1-2, 5.2-1)
End-Date: 2026-03-01  10:00:05

Start-Date: 2026-03-01  11:00:00
Remove: nano:amd64 (7.2-1)
Purge: vim:amd64 (9)
)";

TEST(AptHistoryTest, SaysWhatEachTransactionMadeOfEachPackage) {
  const std::vector<AptTransaction> all = ParseAptHistory(kHistory);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].command, "apt-get install -y nginx, requested by ann (1000)");
  EXPECT_THAT(all[0].steps,
              ElementsAre(Step{"nginx:amd64", "1.22.1-9"},
                          Step{"nginx-common:all", "1.22.1-9"},
                          Step{"bash:amd64", "5.2-1"}));
  EXPECT_EQ(all[1].command, "");
  EXPECT_THAT(all[1].steps, ElementsAre(Step{"nano:amd64", ""}, Step{"vim:amd64", ""}));
}

TEST(AptHistoryTest, WhatIsNoHistoryHasNoTransactions) {
  EXPECT_THAT(ParseAptHistory(""), IsEmpty());
  EXPECT_THAT(ParseAptHistory("Install: a:amd64 (1"), IsEmpty());
  EXPECT_THAT(ParseAptHistory("Start-Date: x\nInstall: a:amd64 (1")[0].steps,
              ElementsAre(Step{"a:amd64", "1"}));
}

}  // namespace
}  // namespace fettle::watch
