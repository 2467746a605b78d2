// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/worker_pool.h"

#include <algorithm>
#include <atomic>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/blocking_counter.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::server {
namespace {

TEST(WorkerPoolTest, OneThreadWorksInTheOrderPosted) {
  std::vector<int> done;
  WorkerPool pool(1);
  for (int i = 0; i < 100; ++i) {
    pool.Post([&, i] { done.push_back(i); });
  }
  pool.Stop();
  ASSERT_THAT(done, ::testing::SizeIs(100));
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
}

TEST(WorkerPoolTest, ThreadsWorkAtTheSameTime) {
  WorkerPool pool(2);
  absl::Barrier* const both = new absl::Barrier(2);
  std::atomic<int> met = 0;
  for (int i = 0; i < 2; ++i) {
    pool.Post([&, both] {
      if (both->Block()) {  // Each waits for the other: one thread alone would never be done.
        delete both;
      }
      ++met;
    });
  }
  pool.Stop();
  EXPECT_EQ(met, 2);
}

TEST(WorkerPoolTest, WhatIsPostedAfterStopIsDropped) {
  WorkerPool pool(1);
  pool.Stop();
  bool ran = false;
  pool.Post([&] { ran = true; });
  pool.Stop();
  EXPECT_FALSE(ran);
}

TEST(WorkerPoolTest, AWorkerMayPost) {
  std::atomic<int> count = 0;
  absl::BlockingCounter done(3);
  WorkerPool pool(1);
  pool.Post([&] {
    for (int i = 0; i < 3; ++i) {
      pool.Post([&] {
        ++count;
        done.DecrementCount();
      });
    }
  });
  done.Wait();
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace fettle::server
