// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/confirmer.h"

#include <gmock/gmock.h>

#include "agent/daemon/agent_fixture_for_test.h"
#include "lib/base/status_macros.h"
#include "tests/support/fake_clock.h"

namespace fettle::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Verdict = Confirmer::Verdict;

class ConfirmerTest : public ::testing::Test {
 protected:
  ConfirmerTest() { confirmer_.Attach(&outlet_); }

  void Begin(absl::Duration window = absl::Seconds(60)) {
    undo::Pending pending;
    pending.window = window;
    confirmer_.Begin(pending);
    confirmer_.Tick();
  }

  void Answer(const std::string& error) { confirmer_.OnProbed({outlet_.probes.back(), error}); }

  void Pass(absl::Duration time) {
    clock_.Advance(time);
    confirmer_.Tick();
  }

  testing::FakeClock clock_;
  FakeOutlet outlet_;
  absl::StatusOr<link::Credentials> credentials_ = link::Credentials{"server:7440", "", "", ""};
  Confirmer confirmer_{clock_, [this] { return credentials_; }};
};

TEST_F(ConfirmerTest, OneConnectionConfirms) {
  Begin();
  EXPECT_THAT(outlet_.probes, SizeIs(1));
  EXPECT_EQ(confirmer_.Judge(), Verdict::kNone);
  Answer("");
  EXPECT_EQ(confirmer_.Judge(), Verdict::kConfirmed);
  confirmer_.End();
  EXPECT_EQ(confirmer_.Judge(), Verdict::kNone);
  EXPECT_EQ(confirmer_.NextTick(), absl::InfiniteDuration());
}

TEST_F(ConfirmerTest, TriesAgainUntilTimeIsUpAndSaysWhatFailed) {
  Begin(absl::Seconds(5));
  Answer("connection refused");
  Pass(absl::Seconds(2));
  EXPECT_THAT(outlet_.probes, SizeIs(2));
  Answer("no route to host");
  EXPECT_THAT(confirmer_.Describe(), HasSubstr("server:7440, 3 s left; the last try: no route"));
  Pass(absl::Seconds(3));
  EXPECT_EQ(confirmer_.Judge(), Verdict::kTooLate);
  EXPECT_THAT(confirmer_.WhyNot(),
              HasSubstr("no new connection to server:7440 within 5s (3 tries; the last: no route"));
}

TEST_F(ConfirmerTest, AnAnswerToAnEarlierQuestionProvesNothing) {
  Begin();
  const uint64_t old = outlet_.probes.back();
  confirmer_.End();
  Begin();
  confirmer_.OnProbed({old, ""});
  EXPECT_EQ(confirmer_.Judge(), Verdict::kNone);
  Answer("");
  EXPECT_EQ(confirmer_.Judge(), Verdict::kConfirmed);
}

TEST_F(ConfirmerTest, ALinkThatIsSilentOrGoneIsAskedAnew) {
  Begin();
  Pass(absl::Seconds(15));
  EXPECT_THAT(outlet_.probes, SizeIs(2)) << "it gave no answer";
  confirmer_.Attach(nullptr);
  Pass(absl::Seconds(1));
  EXPECT_THAT(confirmer_.Describe(), HasSubstr("the link to the server does not run"));
  FakeOutlet next;
  confirmer_.Attach(&next);
  Pass(absl::Seconds(2));
  EXPECT_THAT(next.probes, SizeIs(1));
}

TEST_F(ConfirmerTest, AnAgentThatCouldNotStartAgainIsNotConfirmed) {
  credentials_ = InvalidArgument("agent.toml: line 3: no such setting");
  Begin(absl::Seconds(4));
  EXPECT_THAT(outlet_.probes, ElementsAre());
  Pass(absl::Seconds(4));
  EXPECT_EQ(confirmer_.Judge(), Verdict::kTooLate);
  EXPECT_THAT(confirmer_.WhyNot(), HasSubstr("no such setting"));
}

}  // namespace
}  // namespace fettle::agent
