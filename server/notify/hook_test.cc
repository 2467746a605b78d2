// SPDX-License-Identifier: Apache-2.0
#include "server/notify/hook.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"
#include "tests/support/fake_clock.h"

namespace fettle::server::notify {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

Notice Of(Kind kind, const std::string& host, const std::string& subject) {
  Notice notice;
  notice.key = {kind, host, subject};
  notice.since = absl::FromUnixSeconds(1'700'000'000);
  return notice;
}

Standing All(std::initializer_list<Notice> notices) {
  Standing standing;
  for (const Notice& notice : notices) {
    standing.emplace(notice.key, notice);
  }
  return standing;
}

class HookTest : public ::testing::Test {
 protected:
  static NotifyHook Config(NotifyFormat format = NotifyFormat::kGeneric) {
    NotifyHook config;
    config.name = "ops";
    config.format = format;
    return config;
  }

  static Hook Make(const NotifyHook& config, HookMemory memory = {}) {
    return {config, {"fettle.example", "", "ops"}, [] { return 0.0; }, std::move(memory)};
  }

  uint64_t Look(Hook& hook, Standing standing, std::vector<Notice> passed = {}) {
    return hook.Look(std::move(standing), std::move(passed), false, clock_.Monotonic());
  }

  // What is due now, posted and taken: its bodies.
  std::vector<json> Told(Hook& hook) {
    std::vector<json> bodies;
    if (const auto delivery = hook.Compose(clock_.Now(), clock_.Monotonic())) {
      for (const std::string& body : delivery->bodies) {
        bodies.push_back(json::parse(body));
      }
      hook.Delivered(*delivery, clock_.Monotonic());
    }
    return bodies;
  }

  // What is due now, posted and not taken.
  uint64_t Fail(Hook& hook, bool refused = false) {
    const auto delivery = hook.Compose(clock_.Now(), clock_.Monotonic());
    EXPECT_TRUE(delivery.has_value());
    return hook.Failed(*delivery, refused, absl::ZeroDuration(), clock_.Monotonic());
  }

  testing::FakeClock clock_;
};

TEST_F(HookTest, TheSameOnThreeHundredHostsIsOneMessage) {
  Hook hook = Make(Config());
  Standing standing;
  for (int i = 0; i < 300; ++i) {
    const Notice notice = Of(Kind::kDrift, "web" + std::to_string(i), "file:/etc/motd");
    standing.emplace(notice.key, notice);
  }
  Look(hook, std::move(standing));
  clock_.Advance(absl::Seconds(5));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  const json& groups = bodies[0]["groups"];
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0]["host_count"], 300);
  EXPECT_EQ(groups[0]["hosts"].size(), kMostHosts);
  EXPECT_EQ(groups[0]["summary"], "drift: file:/etc/motd on 300 hosts (web0, web1, web10 …)");
  EXPECT_EQ(hook.Pending(), 0U);
}

TEST_F(HookTest, ABurstIsOneMessageAfterTheWaitAndOneAnInterval) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kDrift, "a", "x")}));
  EXPECT_TRUE(Told(hook).empty());  // Others may come.
  clock_.Advance(absl::Seconds(4));
  Look(hook, All({Of(Kind::kDrift, "a", "x"), Of(Kind::kDrift, "a", "y")}));
  clock_.Advance(absl::Seconds(1));
  const auto first = Told(hook);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0]["groups"].size(), 2U);

  Look(hook,
       All({Of(Kind::kDrift, "a", "x"), Of(Kind::kDrift, "a", "y"), Of(Kind::kDrift, "a", "z")}));
  clock_.Advance(absl::Seconds(59));
  EXPECT_TRUE(Told(hook).empty());
  clock_.Advance(absl::Seconds(1));
  const auto second = Told(hook);
  ASSERT_EQ(second.size(), 1U);
  ASSERT_EQ(second[0]["groups"].size(), 1U);
  EXPECT_EQ(second[0]["groups"][0]["subject"], "z");
}

TEST_F(HookTest, WhereNothingIsNewNothingIsSaid) {
  Hook hook = Make(Config());
  Look(hook, {});
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
  Look(hook, All({Of(Kind::kSilence, "a", "")}));
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(Told(hook).size(), 1U);
  Look(hook, All({Of(Kind::kSilence, "a", "")}));
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
}

TEST_F(HookTest, WhatIsOverIsToldOnce) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kFailure, "a", "x")}));
  clock_.Advance(absl::Minutes(2));
  Told(hook);
  Look(hook, {});
  clock_.Advance(absl::Minutes(2));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0]["groups"][0]["status"], "resolved");
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
}

TEST_F(HookTest, WhoWantsNoRecoveryIsToldNone) {
  NotifyHook config = Config();
  config.kinds.erase("recovery");
  Hook hook = Make(config);
  Look(hook, All({Of(Kind::kFailure, "a", "x")}));
  clock_.Advance(absl::Minutes(2));
  Told(hook);
  Look(hook, {});
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
  Look(hook, All({Of(Kind::kFailure, "a", "x")}));  // Anew.
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(Told(hook).size(), 1U);
}

TEST_F(HookTest, WhatCameAndWentBeforeAnybodyWasToldIsNotTold) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kSilence, "a", "")}));
  Look(hook, {});
  clock_.Advance(absl::Minutes(2));
  EXPECT_TRUE(Told(hook).empty());
}

TEST_F(HookTest, DriftThatWasPutRightIsToldOnce) {
  Hook hook = Make(Config());
  Look(hook, {}, {Of(Kind::kDrift, "a", "x")});
  clock_.Advance(absl::Seconds(5));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0]["groups"][0]["status"], "happened");
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
}

TEST_F(HookTest, TheEndOfDriftThatWasToldIsNoDriftOfItsOwn) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kDrift, "a", "x")}));
  clock_.Advance(absl::Seconds(5));
  Told(hook);
  Look(hook, {}, {Of(Kind::kDrift, "a", "x")});
  clock_.Advance(absl::Minutes(2));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  ASSERT_EQ(bodies[0]["groups"].size(), 1U);
  EXPECT_EQ(bodies[0]["groups"][0]["status"], "resolved");
}

TEST_F(HookTest, WhatIsNotTakenIsSaidAgainLaterWithWhatCameMeanwhile) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kDrift, "a", "x")}), {Of(Kind::kDrift, "b", "y")});
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(Fail(hook), 0U);
  EXPECT_EQ(hook.Due(), clock_.Monotonic() + absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  Fail(hook);
  EXPECT_EQ(hook.Due(), clock_.Monotonic() + absl::Seconds(2));
  Look(hook, All({Of(Kind::kDrift, "a", "x"), Of(Kind::kSilence, "c", "")}));
  EXPECT_EQ(hook.Due(), clock_.Monotonic() + absl::Seconds(2));  // Not sooner because of it.
  clock_.Advance(absl::Seconds(2));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0]["groups"].size(), 3U);
  EXPECT_EQ(bodies[0]["dropped"], 0);
  EXPECT_EQ(hook.failures(), 0U);
}

TEST_F(HookTest, TooMuchThatWaitsIsDroppedOldestFirstCountedAndSaid) {
  Hook hook = Make(Config());
  std::vector<Notice> many;
  for (std::size_t i = 0; i < Hook::kMostPassed + 7; ++i) {
    many.push_back(Of(Kind::kDrift, "h" + std::to_string(i), "x"));
  }
  EXPECT_EQ(Look(hook, {}, many), 7U);
  EXPECT_EQ(hook.Pending(), Hook::kMostPassed);
  clock_.Advance(absl::Seconds(5));
  auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0]["dropped"], 7);
  EXPECT_EQ(bodies[0]["groups"][0]["host_count"], Hook::kMostPassed);
  Look(hook, {}, {Of(Kind::kDrift, "a", "x")});
  clock_.Advance(absl::Minutes(1));
  bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0]["dropped"], 0);
}

TEST_F(HookTest, WhatIsDroppedWhileAMessageIsUnderWayIsSaidInTheNext) {
  Hook hook = Make(Config());
  Look(hook, {}, {Of(Kind::kDrift, "a", "x")});
  clock_.Advance(absl::Seconds(5));
  const auto under_way = hook.Compose(clock_.Now(), clock_.Monotonic());
  ASSERT_TRUE(under_way.has_value());
  Look(hook, {}, std::vector<Notice>(Hook::kMostPassed + 1, Of(Kind::kDrift, "b", "y")));
  hook.Delivered(*under_way, clock_.Monotonic());
  EXPECT_EQ(hook.Pending(), Hook::kMostPassed);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Told(hook).at(0)["dropped"], 2);
}

TEST_F(HookTest, ThatThereIsMoreIsSaidOnceThoughItIsOverByThen) {
  Hook hook = Make(Config());
  hook.Look(All({Of(Kind::kDrift, "a", "x")}), {}, true, clock_.Monotonic());
  Look(hook, All({Of(Kind::kDrift, "a", "x")}));
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(Told(hook).at(0)["cut"], true);
  Look(hook, {});
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Told(hook).at(0)["cut"], false);
}

TEST_F(HookTest, WhatTheReceiverWantsNotIsGivenUp) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kDrift, "a", "x"), Of(Kind::kDrift, "a", "y")}));
  clock_.Advance(absl::Seconds(5));
  for (uint32_t i = 1; i < Hook::kMostRefusals; ++i) {
    EXPECT_EQ(Fail(hook, true), 0U);
    clock_.Advance(absl::Minutes(5));
  }
  EXPECT_EQ(Fail(hook, true), 2U);
  EXPECT_EQ(hook.Pending(), 0U);
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
}

TEST_F(HookTest, AReceiverThatIsBrokenIsNotGivenUp) {
  Hook hook = Make(Config());
  Look(hook, All({Of(Kind::kDrift, "a", "x")}));
  clock_.Advance(absl::Seconds(5));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Fail(hook), 0U);
    clock_.Advance(absl::Minutes(5));
  }
  EXPECT_EQ(Told(hook).size(), 1U);
}

TEST_F(HookTest, AfterARestartNothingIsToldTwiceAndWhatEndedIsTold) {
  Hook before = Make(Config());
  Look(before, All({Of(Kind::kDrift, "a", "x"), Of(Kind::kSilence, "b", "")}));
  clock_.Advance(absl::Seconds(5));
  Told(before);
  Look(before,
       All({Of(Kind::kDrift, "a", "x"), Of(Kind::kSilence, "b", "")}),
       {Of(Kind::kDrift, "c", "z")});

  Hook after = Make(Config(), before.Memory());
  EXPECT_EQ(after.Due(), absl::InfiniteDuration());  // Nothing is known yet.
  Look(after, All({Of(Kind::kDrift, "a", "x")}));
  clock_.Advance(absl::Seconds(5));
  const auto bodies = Told(after);
  ASSERT_EQ(bodies.size(), 1U);
  ASSERT_EQ(bodies[0]["groups"].size(), 2U);
  EXPECT_EQ(bodies[0]["groups"][0]["summary"], "drift: z on c");
  EXPECT_EQ(bodies[0]["groups"][1]["summary"], "over: silence on b");
}

TEST_F(HookTest, AlertmanagerIsToldAgainBeforeItForgetsAndThenThatItIsOver) {
  Hook hook = Make(Config(NotifyFormat::kAlertmanager));
  Look(hook, All({Of(Kind::kFailure, "a", "x")}));
  clock_.Advance(absl::Seconds(5));
  auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  const std::string ends = bodies[0][0]["endsAt"];
  EXPECT_EQ(ends, Rfc3339(clock_.Now() + absl::Minutes(4)));
  EXPECT_EQ(bodies[0][0]["labels"]["alertname"], "FettleFailure");

  clock_.Advance(absl::Minutes(1));
  Look(hook, All({Of(Kind::kFailure, "a", "x")}));
  bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(bodies[0][0]["endsAt"], Rfc3339(clock_.Now() + absl::Minutes(4)));

  Look(hook, {});
  clock_.Advance(absl::Minutes(1));
  bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 1U);
  ASSERT_EQ(bodies[0].size(), 1U);
  EXPECT_EQ(bodies[0][0]["endsAt"], Rfc3339(clock_.Now()));
  EXPECT_EQ(hook.Due(), absl::InfiniteDuration());
}

TEST_F(HookTest, ManyAlertsGoInSeveralBodies) {
  Hook hook = Make(Config(NotifyFormat::kAlertmanager));
  Standing standing;
  for (std::size_t i = 0; i < Hook::kAlertsInABody + 1; ++i) {
    const Notice notice = Of(Kind::kDrift, "h" + std::to_string(i), "x");
    standing.emplace(notice.key, notice);
  }
  Look(hook, std::move(standing));
  clock_.Advance(absl::Seconds(5));
  const auto bodies = Told(hook);
  ASSERT_EQ(bodies.size(), 2U);
  EXPECT_EQ(bodies[0].size(), Hook::kAlertsInABody);
  EXPECT_EQ(bodies[1].size(), 1U);
}

TEST_F(HookTest, WhenItBeganIsWhenItWasFirstSeen) {
  Hook hook = Make(Config(NotifyFormat::kAlertmanager));
  Notice notice = Of(Kind::kFailure, "a", "revision r2");
  Look(hook, All({notice}));
  clock_.Advance(absl::Seconds(5));
  Told(hook);
  notice.since += absl::Hours(1);
  Look(hook, All({notice}));
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Told(hook).at(0)[0]["startsAt"].get<std::string>(), HasSubstr("2023-11-14T22:13:20"));
}

}  // namespace
}  // namespace fettle::server::notify
