// SPDX-License-Identifier: Apache-2.0
#include "lib/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle {
namespace {

TEST(ParallelForTest, CallsEveryItemExactlyOnceForAnyCountAndThreads) {
  for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 1000U}) {
    for (const std::size_t threads : {0U, 1U, 2U, 7U}) {
      std::vector<std::atomic<int>> calls(count);
      ParallelFor(count, threads, [&](std::size_t i) { ++calls[i]; });
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(calls[i].load(), 1) << i << " of " << count << " on " << threads;
      }
    }
  }
}

TEST(ParallelForTest, OneThreadOrFewItemsStayOnTheCallersThread) {
  const auto caller = std::this_thread::get_id();
  std::atomic<int> elsewhere{0};
  const auto work = [&](std::size_t) { elsewhere += std::this_thread::get_id() == caller ? 0 : 1; };
  ParallelFor(1000, 1, work);
  ParallelFor(5, 8, work);
  EXPECT_EQ(elsewhere.load(), 0);
}

TEST(ParallelForTest, OnTheCallersThreadItemsComeInOrder) {
  std::vector<std::size_t> seen;
  ParallelFor(100, 1, [&](std::size_t i) { seen.push_back(i); });
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(ParallelForTest, SeveralThreadsWorkAtTheSameTime) {
  // Two chunks, each of which waits for the other to begin: on one thread this would never end.
  std::atomic<int> begun{0};
  ParallelFor(64, 2, [&](std::size_t i) {
    if (i % 32 == 0) {
      ++begun;
      while (begun.load() < 2) {
        std::this_thread::yield();
      }
    }
  });
  EXPECT_EQ(begun.load(), 2);
}

TEST(UsefulThreadsTest, IsBetweenOneAndEight) {
  EXPECT_GE(UsefulThreads(), 1U);
  EXPECT_LE(UsefulThreads(), 8U);
}

}  // namespace
}  // namespace fettle
