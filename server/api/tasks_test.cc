// SPDX-License-Identifier: Apache-2.0
#include "server/api/tasks.h"

#include <gtest/gtest.h>

namespace fettle::server {
namespace {

class TasksTest : public ::testing::Test {
 protected:
  static v1::TaskAnswer Progress(const std::string& id, const std::string& text) {
    v1::TaskAnswer answer;
    answer.set_id(id);
    answer.set_progress(text);
    return answer;
  }

  static v1::TaskAnswer Error(const std::string& id, const std::string& text) {
    v1::TaskAnswer answer;
    answer.set_id(id);
    answer.set_error(text);
    return answer;
  }

  // Sessions are only names here.
  const Session* one_ = reinterpret_cast<const Session*>(&mark_one_);
  const Session* two_ = reinterpret_cast<const Session*>(&mark_two_);
  std::shared_ptr<Tasks::Inbox> inbox_ = std::make_shared<Tasks::Inbox>();
  Tasks tasks_;

 private:
  int mark_one_ = 0;
  int mark_two_ = 0;
};

TEST_F(TasksTest, WhatAHostAnswersReachesWhoAskedUpToItsLastAnswer) {
  tasks_.Await("a", one_, "web1", inbox_);
  tasks_.Answer(one_, Progress("a", "planning"));
  const auto first = inbox_->Take(absl::ZeroDuration());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->host, "web1");
  EXPECT_EQ(first->answer.progress(), "planning");
  tasks_.Answer(one_, Error("a", "no"));
  tasks_.Answer(one_, Error("a", "once more"));
  EXPECT_EQ(inbox_->Take(absl::ZeroDuration())->answer.error(), "no");
  EXPECT_FALSE(inbox_->Take(absl::ZeroDuration()).has_value());
}

TEST_F(TasksTest, NobodyAnswersForAnother) {
  tasks_.Await("a", one_, "web1", inbox_);
  tasks_.Answer(two_, Error("a", "lies"));
  tasks_.Answer(one_, Error("b", "of nothing that was asked"));
  EXPECT_FALSE(inbox_->Take(absl::ZeroDuration()).has_value());
}

TEST_F(TasksTest, OfProgressThatNobodyTookOnlyTheNewestIsKept) {
  tasks_.Await("a", one_, "web1", inbox_);
  tasks_.Answer(one_, Progress("a", "fetching"));
  tasks_.Answer(one_, Progress("a", "planning"));
  EXPECT_EQ(inbox_->Take(absl::ZeroDuration())->answer.progress(), "planning");
  EXPECT_FALSE(inbox_->Take(absl::ZeroDuration()).has_value());
}

TEST_F(TasksTest, WhoWaitsForAHostThatGoesIsTold) {
  tasks_.Await("a", one_, "web1", inbox_);
  tasks_.Await("b", two_, "web2", inbox_);
  tasks_.Gone(one_);
  const auto told = inbox_->Take(absl::ZeroDuration());
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->host, "web1");
  EXPECT_NE(told->answer.error(), "");
  EXPECT_FALSE(inbox_->Take(absl::ZeroDuration()).has_value());
}

}  // namespace
}  // namespace fettle::server
