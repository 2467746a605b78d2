// SPDX-License-Identifier: Apache-2.0
#include "server/api/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::server {
namespace {

Assignment AssignmentOf(int64_t number, uint64_t version, Labels labels = {}) {
  RevisionRecord revision;
  revision.number = number;
  revision.id = Sha256(std::to_string(number));
  revision.statement = "statement";
  return {
      std::make_shared<const RevisionRecord>(revision), "production", std::move(labels), version};
}

class OutboxTest : public ::testing::Test {
 protected:
  void Greet() {
    outbox_.PutHelloAck({});
    ASSERT_TRUE(outbox_.Next()->has_hello_ack());
  }

  // "r2" of the next message, "" if that is no assignment.
  std::string NextRevision() {
    const auto next = outbox_.Next();
    return next.has_value() ? next->assignment().revision() : "";
  }

  Outbox outbox_;
};

TEST_F(OutboxTest, NothingGoesBeforeTheHelloAck) {
  outbox_.PutAssignment(AssignmentOf(1, 1));
  outbox_.PutAcknowledgement("e1", 3);
  EXPECT_FALSE(outbox_.Next().has_value());
  Greet();
  EXPECT_TRUE(outbox_.Next()->has_acknowledgement());
  EXPECT_EQ(NextRevision(), "r1");
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, OfPausesTheLatestWins) {
  Greet();
  v1::PauseOrder order;
  order.set_seconds(60);
  outbox_.PutPause(order);
  order.set_seconds(0);
  outbox_.PutPause(order);
  const auto next = outbox_.Next();
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(next->has_pause());
  EXPECT_EQ(next->pause().seconds(), 0U);
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, OfAssignmentsTheLatestWinsByVersionNotByArrival) {
  Greet();
  EXPECT_TRUE(outbox_.PutAssignment(AssignmentOf(1, 1)));
  EXPECT_TRUE(outbox_.PutAssignment(AssignmentOf(3, 3)));
  EXPECT_FALSE(outbox_.PutAssignment(AssignmentOf(2, 2)));
  EXPECT_EQ(NextRevision(), "r3");
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, WhatWasSaidIsNotSaidAgain) {
  Greet();
  EXPECT_TRUE(outbox_.PutAssignment(AssignmentOf(1, 1)));
  EXPECT_EQ(NextRevision(), "r1");
  EXPECT_FALSE(outbox_.PutAssignment(AssignmentOf(1, 2)));
  EXPECT_FALSE(outbox_.Next().has_value());
  EXPECT_TRUE(outbox_.PutAssignment(AssignmentOf(1, 3, {{"role", "web"}})));
  EXPECT_EQ(outbox_.Next()->assignment().labels().at("role"), "web");
}

TEST_F(OutboxTest, ThereAndBackBeforeItWasSentSaysWhatIsSoNow) {
  Greet();
  outbox_.PutAssignment(AssignmentOf(1, 1));
  EXPECT_EQ(NextRevision(), "r1");
  outbox_.PutAssignment(AssignmentOf(2, 2));
  outbox_.PutAssignment(AssignmentOf(1, 3));
  EXPECT_EQ(NextRevision(), "r1");
}

TEST_F(OutboxTest, AChannelThatPointsNowhereTakesBackWhatWaits) {
  Greet();
  outbox_.PutAssignment(AssignmentOf(1, 1));
  Assignment nowhere;
  nowhere.version = 2;
  EXPECT_FALSE(outbox_.PutAssignment(nowhere));
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, AcknowledgementsOfAnEpochBecomeTheHighest) {
  Greet();
  outbox_.PutAcknowledgement("e1", 5);
  outbox_.PutAcknowledgement("e1", 3);
  outbox_.PutAcknowledgement("e2", 1);
  EXPECT_EQ(outbox_.Next()->acknowledgement().sequence(), 5U);
  EXPECT_EQ(outbox_.Next()->acknowledgement().epoch(), "e2");
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, RunsAreBoundedAndTheFarewellIsLast) {
  Greet();
  outbox_.PutDrain(7);
  for (std::size_t i = 0; i < Outbox::kMaxRuns; ++i) {
    EXPECT_TRUE(outbox_.PutRun(std::to_string(i), "why"));
  }
  EXPECT_FALSE(outbox_.PutRun("one too many", "why"));
  outbox_.PutResync();
  EXPECT_TRUE(outbox_.Next()->has_resync());
  for (std::size_t i = 0; i < Outbox::kMaxRuns; ++i) {
    EXPECT_EQ(outbox_.Next()->run().id(), std::to_string(i));
  }
  EXPECT_EQ(outbox_.Next()->drain().reconnect_window_seconds(), 7U);
  EXPECT_FALSE(outbox_.Next().has_value());
}

TEST_F(OutboxTest, ClearForgetsAllThatWaits) {
  Greet();
  outbox_.PutAssignment(AssignmentOf(1, 1));
  outbox_.PutAcknowledgement("e1", 1);
  outbox_.PutResync();
  outbox_.PutRun("1", "why");
  outbox_.PutDrain(1);
  outbox_.Clear();
  EXPECT_FALSE(outbox_.Next().has_value());
}

}  // namespace
}  // namespace fettle::server
