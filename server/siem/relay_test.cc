// SPDX-License-Identifier: Apache-2.0
#include "server/siem/relay.h"

#include <deque>

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/agent.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "tests/server/store_fixture.h"

namespace fettle::server::siem {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What an outlet's receiver is like, kept over the outlet's life.
struct Receiver {
  std::vector<std::string> took;  // "kind summary".
  absl::Status sends;
  absl::Status checks;
  absl::Duration doubt;
};

class FakeOutlet : public Outlet {
 public:
  explicit FakeOutlet(Receiver& receiver) : receiver_(receiver) {}

  absl::Status Send(const std::vector<Event>& events) override {
    RETURN_IF_ERROR(receiver_.sends);
    for (const Event& event : events) {
      receiver_.took.push_back(event.summary);
    }
    return absl::OkStatus();
  }

  absl::Status Check() override { return std::exchange(receiver_.checks, absl::OkStatus()); }

  absl::Duration doubt() const override { return receiver_.doubt; }

 private:
  Receiver& receiver_;
};

class RelayTest : public StoreTest {
 protected:
  void Begin() {
    relay_.reset();  // Keeps how far it had come first.
    SiemOutlet outlet;
    outlet.name = "soc";
    outlet.kinds.insert("test");
    Relay::Options options;
    options.outlets = {outlet};
    options.server = "fettle.example";
    options.heartbeat = absl::Minutes(1);
    options.load = [this]() -> absl::StatusOr<std::string> {
      if (kept_.empty()) {
        return NotFound("nothing yet");
      }
      return kept_;
    };
    options.save = [this](std::string_view text) {
      kept_ = text;
      return absl::OkStatus();
    };
    options.make = [this](const SiemOutlet&, const std::string&) {
      return std::make_unique<FakeOutlet>(receiver_);
    };
    relay_ = std::make_unique<Relay>(store(), clock_, std::move(options));
    ASSERT_OK(relay_->Prepare());
  }

  void Act(const std::string& act) {
    ASSERT_OK(store().reports().Audit({clock_.Now(), "user/ann", act, ""}));
  }

  // What was sent since the last question, when there is no more to do.
  std::vector<std::string> Take() {
    while (relay_->StepAll()) {
    }
    return std::exchange(receiver_.took, {});
  }

  OutletFigures Figures() const { return relay_->Figures().at(0); }

  Receiver receiver_;
  std::string kept_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, SendsWhatHappensFromNowOn) {
  Act("before");
  Begin();
  EXPECT_THAT(Take(), IsEmpty());
  Act("publish");
  Act("label");
  EXPECT_THAT(Take(), ElementsAre("user/ann: publish", "user/ann: label"));
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(Figures().sent, 2U);
  EXPECT_EQ(Figures().behind, 0U);
}

TEST_F(RelayTest, SendsWhatHostsReport) {
  MakeHost("web1");
  Begin();
  resource::RunReport run;
  run.id = "RUN1";
  run.started = clock_.Now();
  run.resources = {
      Resource("file:/tmp/<script>", resource::State::kDrifted, resource::Cause::kDrift)};
  v1::ReportList list;
  list.add_reports()->set_sequence(1);
  *list.mutable_reports(0)->mutable_run() = wire::ToProto(run);
  SignedReports batch;
  batch.content = list.SerializeAsString();
  batch.digest = Sha256(batch.content);
  absl::Notification done;
  store().reports().Ingest(
      "web1", "E1", {{1, clock_.Now(), run}}, batch, [&](const absl::StatusOr<uint64_t>& stored) {
        EXPECT_OK(stored);
        done.Notify();
      });
  done.WaitForNotification();
  const auto took = Take();
  EXPECT_THAT(took, Contains(HasSubstr("drift: file:/tmp/<script> on web1")));
  EXPECT_THAT(took, Contains(HasSubstr("run on web1: ")));
}

TEST_F(RelayTest, NothingIsLostWhileTheReceiverIsAway) {
  Begin();
  receiver_.sends = Unavailable("nobody there");
  for (int i = 0; i < 30; ++i) {
    Act("act" + std::to_string(i));
  }
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(Figures().failed, 1U);
  EXPECT_EQ(Figures().behind, 30U);
  receiver_.sends = absl::OkStatus();
  const auto took = Take();
  ASSERT_THAT(took, SizeIs(30));
  EXPECT_EQ(took.front(), "user/ann: act0");
  EXPECT_EQ(took.back(), "user/ann: act29");
}

TEST_F(RelayTest, NothingIsLostOverARestart) {
  Begin();
  Act("one");
  EXPECT_THAT(Take(), ElementsAre("user/ann: one"));
  relay_.reset();
  Act("two");
  Begin();
  EXPECT_THAT(Take(), ElementsAre("user/ann: two"));
}

// A server that is killed keeps what it wrote last.
TEST_F(RelayTest, NothingIsLostWhenTheServerIsKilled) {
  Begin();
  const std::string before = kept_;
  Act("one");
  EXPECT_THAT(Take(), ElementsAre("user/ann: one"));
  relay_.reset();
  kept_ = before;
  Begin();
  EXPECT_THAT(Take(), ElementsAre("user/ann: one"));
}

TEST_F(RelayTest, WhatTheReceiverMayHaveLostIsSentAgain) {
  receiver_.doubt = absl::Seconds(10);
  Begin();
  Act("old");
  EXPECT_THAT(Take(), SizeIs(1));
  clock_.Advance(absl::Seconds(10));
  Act("new");
  EXPECT_THAT(Take(), SizeIs(1));
  receiver_.checks = Unavailable("it closed the connection");
  EXPECT_THAT(Take(), IsEmpty());  // This is how it is found.
  EXPECT_THAT(Take(), ElementsAre("user/ann: new"));
}

TEST_F(RelayTest, WhatIsInDoubtIsSentAgainAfterARestart) {
  receiver_.doubt = absl::Seconds(10);
  Begin();
  Act("one");
  EXPECT_THAT(Take(), SizeIs(1));
  Begin();
  EXPECT_THAT(Take(), ElementsAre("user/ann: one"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(Take(), IsEmpty());
  Begin();
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(RelayTest, SilenceIsToldOnceAndSoIsItsEnd) {
  MakeHost("web1");
  store().fleet().NoteSeen("web1", clock_.Now());
  Begin();
  EXPECT_THAT(Take(), IsEmpty());
  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(Take(), ElementsAre(HasSubstr("web1 is silent since")));
  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(Take(), IsEmpty());
  Begin();
  EXPECT_THAT(Take(), IsEmpty());
  store().fleet().NoteSeen("web1", clock_.Now());
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Take(), ElementsAre("web1 is heard of again"));
}

TEST_F(RelayTest, ADamagedPositionIsNoLossButEverything) {
  Act("one");
  kept_ = "{";
  Begin();
  EXPECT_THAT(Take(), ElementsAre("user/ann: one"));
}

TEST_F(RelayTest, ThreadsSendWithoutBeingAsked) {
  Begin();
  Act("one");
  relay_->Start();
  while (Figures().sent == 0) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  relay_->Stop();
  EXPECT_THAT(receiver_.took, ElementsAre("user/ann: one"));
}

}  // namespace
}  // namespace fettle::server::siem
