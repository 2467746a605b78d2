// SPDX-License-Identifier: Apache-2.0
#include "lib/log/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/background_thread.h"

namespace fettle::log {
namespace {

TEST(RequestIdTest, AWellFormedOneIsKeptAndAnyOtherIsReplaced) {
  EXPECT_EQ(RequestIdFrom("a-B_9.z"), "a-B_9.z");
  EXPECT_EQ(RequestIdFrom(std::string(64, 'a')), std::string(64, 'a'));
  for (const std::string& bad : {std::string(),
                                 std::string(65, 'a'),
                                 std::string("a b"),
                                 std::string("a\n"),
                                 std::string("<a>"),
                                 std::string("ä"),
                                 std::string("a\0b", 3)}) {
    const std::string made = RequestIdFrom(bad);
    EXPECT_NE(made, bad);
    EXPECT_EQ(RequestIdFrom(made), made);
  }
}

TEST(RequestIdTest, EachThreadHasItsOwnAndAScopeEnds) {
  EXPECT_EQ(CurrentRequestId(), "");
  {
    const RequestScope outer("one");
    {
      const RequestScope inner("two");
      EXPECT_EQ(CurrentRequestId(), "two");
      std::string elsewhere = "unset";
      {
        const BackgroundThread thread([&] { elsewhere = CurrentRequestId(); });
      }
      EXPECT_EQ(elsewhere, "");
    }
    EXPECT_EQ(CurrentRequestId(), "one");
  }
  EXPECT_EQ(CurrentRequestId(), "");
}

}  // namespace
}  // namespace fettle::log
