// SPDX-License-Identifier: Apache-2.0
#include "modules/reboot/reboot.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/reboot/reboot_order.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::Value;
using ::testing::AllOf;
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr const char* kAsked = "/run/reboot-required";

class RebootTest : public ::testing::Test {
 protected:
  RebootTest() {
    host_.disk().PutDirectory("/var/lib");
    host_.disk().PutDirectory("/run/systemd/system");
    host_.disk().PutFile("/var/lib/dpkg/status", "packages");
    Boot("one");
  }

  // Up again: what is in /run is gone.
  void Boot(const std::string& id) {
    host_.Reboot();
    host_.disk().Delete(kAsked);
    host_.disk().PutFile("/proc/sys/kernel/random/boot_id", id + "\n");
  }

  void Ask() { host_.disk().PutFile(kAsked, ""); }

  bool UnderWay() {
    const auto unit = host_.units().Unit(kRebootTimer, Deadline::Never());
    return unit.ok() && unit->active();
  }

  std::string File(const std::string& path) { return host_.disk().Content(path).value_or(""); }

  testing::FakeHost host_;
  std::unique_ptr<resource::Resource> reboot_ = Declare(RebootType(), "x", {{"delay", "90s"}});
};

TEST_F(RebootTest, RestsWhileNothingWantsAReboot) {
  EXPECT_THAT(Differences(*reboot_, host_), IsEmpty());
}

TEST_F(RebootTest, OrdersARebootFromSystemdAndRestsUntilItComes) {
  Ask();
  EXPECT_THAT(Differences(*reboot_, host_),
              ElementsAre(AllOf(HasSubstr("when: needed: /run/reboot-required is there"))));
  EXPECT_OK(BringAbout(*reboot_, host_));
  EXPECT_TRUE(UnderWay());
  EXPECT_THAT(File("/run/systemd/system/fettle-reboot.timer"), HasSubstr("OnActiveSec=90s\n"));
  EXPECT_THAT(Differences(*reboot_, host_), IsEmpty());
}

TEST_F(RebootTest, OrdersItAgainWhenItWasCalledOff) {
  Ask();
  ASSERT_OK(BringAbout(*reboot_, host_));
  host_.systemd().Deactivate(kRebootTimer);
  EXPECT_OK(BringAbout(*reboot_, host_));
  EXPECT_TRUE(UnderWay());
}

TEST_F(RebootTest, ANeedThatTheBootClearedIsNoneAnyMore) {
  Ask();
  ASSERT_OK(BringAbout(*reboot_, host_));
  Boot("two");
  EXPECT_THAT(Differences(*reboot_, host_), IsEmpty());
}

TEST_F(RebootTest, DoesNotRebootAgainForWhatTheBootDidNotClear) {
  Ask();
  ASSERT_OK(BringAbout(*reboot_, host_));
  for (const char* const id : {"two", "three"}) {
    Boot(id);
    Ask();
    EXPECT_THAT(reboot_->Inspect(host_, Deadline::Never()),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("wants it still"), HasSubstr(kRememberedPath))));
    EXPECT_FALSE(UnderWay());
  }
}

TEST_F(RebootTest, RebootsForTheSameWordsAfterAnotherUpgrade) {
  Ask();
  ASSERT_OK(BringAbout(*reboot_, host_));
  Boot("two");
  host_.disk().PutFile("/var/lib/dpkg/status", "other packages");
  Ask();
  EXPECT_OK(BringAbout(*reboot_, host_));
  EXPECT_TRUE(UnderWay());
}

TEST_F(RebootTest, RebootsForAnotherReason) {
  Ask();
  ASSERT_OK(BringAbout(*reboot_, host_));
  Boot("two");
  Ask();
  host_.disk().PutFile("/run/reboot-required.pkgs", "libc6\n");
  EXPECT_THAT(Differences(*reboot_, host_), ElementsAre(HasSubstr("libc6 wants it")));
}

TEST_F(RebootTest, OrdersNothingThatItCouldNotRemember) {
  Ask();
  host_.disk().PutFile("/var/lib/fettle", "no folder");
  EXPECT_FALSE(BringAbout(*reboot_, host_).ok());
  EXPECT_FALSE(UnderWay());
}

TEST(RebootOrderTest, IsReadAsItWasWritten) {
  const RebootOrder order{"id", "a; b c", "12 3"};
  EXPECT_EQ(ParseOrder(OrderText(order)), order);
  EXPECT_EQ(ParseOrder("torn"), std::nullopt);
  EXPECT_EQ(ParseOrder(""), std::nullopt);
}

TEST(RebootOrderTest, TheMessageIsOneWordToSystemd) {
  EXPECT_THAT(RebootServiceText("5% \"off\" \\ $HOME"),
              HasSubstr("--message=\"5%% \\\"off\\\" \\\\ $$HOME\" reboot\n"));
}

TEST(RebootSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{{"", {}, "no name"},
                                           {"x", {{"delay", "0s"}}, "delay"},
                                           {"x", {{"delay", "48h"}}, "delay"},
                                           {"x", {{"message", "a\nb"}}, "message"},
                                           {"x", {{"when", "always"}}, "when"}}) {
    EXPECT_THAT(DeclarationErrors(RebootSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)));
  }
}

}  // namespace
}  // namespace fettle::modules
