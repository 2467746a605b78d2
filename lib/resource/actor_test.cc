// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/actor.h"

#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

TEST(ActorTest, SaysWhoInOneLine) {
  Actor actor;
  actor.certainty = Actor::Certainty::kCertain;
  actor.pid = 812;
  actor.executable = "/usr/bin/vim.basic";
  actor.command = "vim /etc/motd";
  actor.user = "root";
  actor.login = "ann";
  actor.unit = "session-3.scope";
  actor.ssh_source = "10.0.0.7";
  EXPECT_EQ(DescribeActor(actor),
            "vim /etc/motd (pid 812, root, login ann, session-3.scope, ssh from 10.0.0.7)");
}

TEST(ActorTest, SaysWhatIsNotKnown) {
  Actor actor;
  actor.note = "inotify does not say who";
  EXPECT_EQ(DescribeActor(actor), "unknown (inotify does not say who)");
  actor.note.clear();
  EXPECT_EQ(DescribeActor(actor), "unknown");
}

TEST(ActorTest, AProcessThatHasGoneIsNamedByItsNumber) {
  Actor actor;
  actor.pid = 7;
  actor.certainty = Actor::Certainty::kProbable;
  EXPECT_EQ(DescribeActor(actor), "probably a process (pid 7)");
}

}  // namespace
}  // namespace fettle::resource
