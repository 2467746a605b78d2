// SPDX-License-Identifier: Apache-2.0
#include "server/api/drift_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;
using Count = DriftCounts::Count;

absl::Time At(int64_t hour) {
  return absl::FromUnixSeconds(hour * 3600);
}

TEST(DriftCountsTest, EachCountsWhereItBeganAndEndedAndIsThereBetween) {
  ASSERT_OK_AND_ASSIGN(DriftCounts counts, DriftCounts::Between({At(10), At(11), At(12), At(13)}));
  counts.Add(At(10), At(10) + absl::Seconds(1));  // Corrected at once.
  counts.Add(At(11), At(12));                     // A moment belongs to what follows it.
  counts.Add(At(1), At(12) + absl::Minutes(1));
  counts.Add(At(12) + absl::Minutes(2), absl::InfiniteFuture());
  EXPECT_THAT(counts.counts(), ElementsAre(Count{1, 1, 1}, Count{1, 0, 2}, Count{1, 2, 1}));
}

TEST(DriftCountsTest, WhatLiesOutsideCountsForNothing) {
  ASSERT_OK_AND_ASSIGN(DriftCounts counts, DriftCounts::Between({At(10), At(11), At(12)}));
  counts.Add(At(1), At(2));
  counts.Add(At(12), At(13));
  counts.Add(At(20), absl::InfiniteFuture());
  EXPECT_THAT(counts.counts(), ElementsAre(Count{}, Count{}));
  counts.Add(At(1), absl::InfiniteFuture());
  EXPECT_THAT(counts.counts(), ElementsAre(Count{0, 0, 1}, Count{0, 0, 1}));
}

TEST(DriftCountsTest, MomentsAreFewAndInOrder) {
  EXPECT_THAT(DriftCounts::Between({At(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at least 2")));
  EXPECT_THAT(DriftCounts::Between({At(1), At(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("later")));
  std::vector<absl::Time> many;
  for (int64_t i = 0; i < 401; ++i) {
    many.push_back(At(i));
  }
  EXPECT_THAT(DriftCounts::Between(many),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("400")));
  many.pop_back();
  EXPECT_OK(DriftCounts::Between(many));
}

}  // namespace
}  // namespace fettle::server
