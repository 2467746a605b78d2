// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/converge_thread.h"

#include <poll.h>

#include <gtest/gtest.h>

namespace fettle::agent {
namespace {

class EchoConverger final : public Converger {
 public:
  Outcome Converge(const Job& job) override {
    ++converged;
    Outcome outcome;
    outcome.job = job;
    return outcome;
  }

  int converged = 0;
};

// Blocks until the outcome is there; the test's own time limit is the only one.
Outcome Await(ConvergeThread* thread) {
  pollfd watched{thread->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&watched, 1, -1), 1);
  auto outcome = thread->Take();
  EXPECT_TRUE(outcome.has_value());
  return outcome.value_or(Outcome());
}

TEST(ConvergeThreadTest, AnswersEveryJobOnce) {
  EchoConverger converger;
  ConvergeThread thread(converger);
  for (const char* const reason : {"first", "second", "third"}) {
    Job job;
    job.reason = reason;
    thread.Start(job);
    EXPECT_EQ(Await(&thread).job.reason, reason);
    EXPECT_FALSE(thread.Take().has_value());
    pollfd watched{thread.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&watched, 1, 0), 0) << "readable only while there is an outcome";
  }
}

TEST(ConvergeThreadTest, EndsWithAnOutcomeThatNobodyTook) {
  EchoConverger converger;
  {
    ConvergeThread thread(converger);
    thread.Start(Job());
    pollfd watched{thread.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&watched, 1, -1), 1);
  }
  EXPECT_EQ(converger.converged, 1);
}

}  // namespace
}  // namespace fettle::agent
