// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/pause.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::StatusIs;

class PauseTest : public ::testing::Test {
 protected:
  PauseTest() {
    std::string name = ::testing::TempDir() + "pause-XXXXXX";
    directory_ = mkdtemp(name.data());
    path_ = directory_ + "/pause";
  }

  ~PauseTest() override { std::filesystem::remove_all(directory_); }

  const absl::Time now_ = absl::FromUnixSeconds(1767225600);
  std::string directory_;
  std::string path_;
};

TEST_F(PauseTest, HoldsForItsTimeAndOutlivesTheProcess) {
  ASSERT_OK(Pause(path_).Begin(now_, absl::Hours(1), "surgery"));
  const Pause pause(path_);
  EXPECT_TRUE(pause.Active(now_ + absl::Minutes(59)));
  EXPECT_FALSE(pause.Active(now_ + absl::Minutes(60)));
  EXPECT_EQ(pause.reason(), "surgery");
}

TEST_F(PauseTest, EndsWhenItIsEnded) {
  Pause pause(path_);
  ASSERT_OK(pause.Begin(now_, absl::Hours(1), "surgery"));
  ASSERT_OK(pause.End());
  EXPECT_FALSE(pause.Active(now_));
  EXPECT_FALSE(Pause(path_).Active(now_));
  ASSERT_OK(pause.End());
}

TEST_F(PauseTest, WantsATimeAndAReason) {
  Pause pause(path_);
  EXPECT_THAT(pause.Begin(now_, absl::Hours(1), ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(pause.Begin(now_, absl::ZeroDuration(), "why"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(pause.Begin(now_, absl::Hours(24 * 365), "why"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PauseTest, ADamagedFileIsNoPause) {
  std::ofstream(path_) << "rubbish";
  EXPECT_FALSE(Pause(path_).Active(now_));
}

}  // namespace
}  // namespace fettle::agent
