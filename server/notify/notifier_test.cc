// SPDX-License-Identifier: Apache-2.0
#include "server/notify/notifier.h"

#include <deque>
#include <map>

#include "absl/synchronization/notification.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "tests/server/store_fixture.h"

namespace fettle::server::notify {
namespace {

using nlohmann::json;
using resource::Cause;
using resource::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A receiver for each address. Safe from many threads.
class FakeReceivers : public PostSender {
 public:
  absl::StatusOr<Reply> Send(const Post& post, const std::atomic<bool>& cancelled) const override {
    absl::Status answer;
    bool hangs = false;
    {
      const absl::MutexLock lock(&mutex_);
      hangs = hanging_ == post.url;
      if (const auto found = broken_.find(post.url); found != broken_.end()) {
        answer = found->second;
      } else if (!hangs) {
        bodies_[post.url].push_back(json::parse(post.body));
      }
    }
    if (hangs) {
      hung_.Notify();
      while (!cancelled) {
        absl::SleepFor(absl::Milliseconds(1));
      }
      return Aborted("stopped");
    }
    RETURN_IF_ERROR(answer);
    return Reply{200, "", absl::ZeroDuration()};
  }

  void Break(const std::string& url, absl::Status status) {
    const absl::MutexLock lock(&mutex_);
    broken_[url] = std::move(status);
  }

  void Repair() {
    const absl::MutexLock lock(&mutex_);
    broken_.clear();
  }

  void Hang(const std::string& url) {
    const absl::MutexLock lock(&mutex_);
    hanging_ = url;
  }

  void AwaitHanging() { hung_.WaitForNotification(); }

  // What it was told since the last question: a line a group.
  std::vector<std::string> Take(const std::string& url) {
    const absl::MutexLock lock(&mutex_);
    std::vector<std::string> lines;
    for (const json& body : bodies_[url]) {
      for (const json& group : body["groups"]) {
        lines.push_back(group["summary"]);
      }
    }
    bodies_.erase(url);
    return lines;
  }

  // Waits until it was told something.
  std::vector<std::string> Await(const std::string& url) {
    const absl::MutexLock lock(&mutex_);
    const auto told = [&] { return bodies_.contains(url); };
    mutex_.Await(absl::Condition(&told));
    std::vector<std::string> lines;
    for (const json& group : bodies_[url].front()["groups"]) {
      lines.push_back(group["summary"]);
    }
    return lines;
  }

 private:
  mutable absl::Mutex mutex_;
  mutable absl::Notification hung_;
  mutable std::map<std::string, std::vector<json>> bodies_;
  std::map<std::string, absl::Status> broken_;
  std::string hanging_;
};

class NotifierTest : public StoreTest {
 protected:
  static NotifyHook HookAt(const std::string& name, const std::string& filter = "") {
    NotifyHook hook;
    hook.name = name;
    hook.url = "https://" + name;
    hook.filter = filter;
    return hook;
  }

  void Begin(std::vector<NotifyHook> hooks) {
    notifier_.reset();  // Keeps what it knows first.
    Notifier::Options options;
    options.hooks = std::move(hooks);
    options.server = "fettle.example";
    options.observer.heartbeat = absl::Hours(1);
    options.observer.host_certificate = absl::Hours(72);
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
    notifier_ = std::make_unique<Notifier>(store(), changes_, clock_, receivers_, options);
    ASSERT_OK(notifier_->Prepare());
  }

  // Looks, and posts what is due once the wait is over.
  void Round() {
    ASSERT_OK(notifier_->Look());
    clock_.Advance(absl::Seconds(61));
    notifier_->DeliverDue();
  }

  void Report(const std::string& host, State state, Cause cause = Cause::kNone) {
    store().fleet().NoteSeen(host, clock_.Now());
    ASSERT_OK(Ingest(host, "e1", {Run(++sequence_, {Resource("file:/a", state, cause)})}));
  }

  HookFigures Figures() { return notifier_->Figures().at(0); }

  uint64_t sequence_ = 0;
  std::string kept_;
  ChangeFeed changes_;
  FakeReceivers receivers_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, EachHookIsToldWhatItsFilterLetsThrough) {
  MakeHost("a");
  MakeHost("b");
  ASSERT_OK(store().fleet().ChangeHost("a", {.labels = Labels{{"env", "prod"}}}));
  Begin({HookAt("all"), HookAt("prod", "labels.env == prod")});
  Report("a", State::kFailed);
  Report("b", State::kFailed);
  Round();
  EXPECT_THAT(receivers_.Take("https://all"), ElementsAre("failure: file:/a on 2 hosts (a, b)"));
  EXPECT_THAT(receivers_.Take("https://prod"), ElementsAre("failure: file:/a on a"));
}

TEST_F(NotifierTest, DriftAndItsEndAreToldOnceEach) {
  MakeHost("a");
  Begin({HookAt("ops")});
  Report("a", State::kDrifted, Cause::kDrift);
  Round();
  EXPECT_THAT(receivers_.Take("https://ops"), ElementsAre("drift: file:/a on a"));
  Round();
  EXPECT_THAT(receivers_.Take("https://ops"), IsEmpty());
  Report("a", State::kOk);
  Round();
  EXPECT_THAT(receivers_.Take("https://ops"), ElementsAre("over: drift: file:/a on a"));
  EXPECT_EQ(Figures().sent, 2U);
  EXPECT_EQ(Figures().pending, 0U);
}

TEST_F(NotifierTest, AReceiverThatFailsIsToldWhenItIsBack) {
  MakeHost("a");
  Begin({HookAt("ops"), HookAt("other")});
  receivers_.Break("https://ops", Unavailable("it is away"));
  Report("a", State::kFailed);
  Round();
  Round();
  EXPECT_EQ(Figures().failed, 2U);
  EXPECT_EQ(Figures().pending, 1U);
  EXPECT_THAT(receivers_.Take("https://other"), ElementsAre("failure: file:/a on a"));
  receivers_.Repair();
  Round();
  EXPECT_THAT(receivers_.Take("https://ops"), ElementsAre("failure: file:/a on a"));
  EXPECT_EQ(Figures().sent, 1U);
  EXPECT_EQ(Figures().dropped, 0U);
}

TEST_F(NotifierTest, ARestartTellsNothingTwiceAndLosesNothing) {
  MakeHost("a");
  MakeHost("b");
  Begin({HookAt("ops")});
  Report("a", State::kFailed);
  Round();
  receivers_.Take("https://ops");
  receivers_.Break("https://ops", Unavailable("it is away"));
  Report("a", State::kChanged, Cause::kDrift);
  Report("b", State::kFailed);
  Round();

  receivers_.Repair();
  Begin({HookAt("ops")});
  Round();
  EXPECT_THAT(
      receivers_.Take("https://ops"),
      ElementsAre("failure: file:/a on b", "drift: file:/a on a", "over: failure: file:/a on a"));
}

TEST_F(NotifierTest, WithoutItsMemoryAllThatStandsIsTold) {
  MakeHost("a");
  Begin({HookAt("ops")});
  Report("a", State::kFailed);
  Round();
  receivers_.Take("https://ops");
  notifier_.reset();
  kept_ = "damaged";
  Begin({HookAt("ops")});
  Round();
  EXPECT_THAT(receivers_.Take("https://ops"), ElementsAre("failure: file:/a on a"));
}

TEST_F(NotifierTest, ABadFilterIsToldBeforeAnythingStarts) {
  Notifier::Options options;
  options.hooks = {HookAt("ops", "labels.env = x")};
  options.load = [] { return absl::StatusOr<std::string>(NotFound("none")); };
  options.save = [](std::string_view) { return absl::OkStatus(); };
  Notifier notifier(store(), changes_, clock_, receivers_, options);
  EXPECT_THAT(std::string(Message(notifier.Prepare())), HasSubstr("[[notify]] ops: filter"));
}

TEST_F(NotifierTest, AReceiverThatHangsHoldsUpNeitherAnotherNorTheEnd) {
  MakeHost("a");
  NotifyHook stuck = HookAt("stuck");
  NotifyHook well = HookAt("well");
  stuck.wait = absl::ZeroDuration();
  well.wait = absl::ZeroDuration();
  Begin({stuck, well});
  receivers_.Hang("https://stuck");
  Report("a", State::kFailed);
  notifier_->Start();
  receivers_.AwaitHanging();
  EXPECT_THAT(receivers_.Await("https://well"), ElementsAre("failure: file:/a on a"));
  changes_.Close();
  notifier_->Stop();

  Begin({stuck, well});  // Nobody took it.
  receivers_.Hang("");
  Round();
  EXPECT_THAT(receivers_.Take("https://stuck"), ElementsAre("failure: file:/a on a"));
}

TEST_F(NotifierTest, WithoutHooksNothingIsDone) {
  Begin({});
  notifier_->Start();
  notifier_->Stop();
  EXPECT_THAT(notifier_->Figures(), IsEmpty());
  EXPECT_EQ(kept_, "");
}

}  // namespace
}  // namespace fettle::server::notify
