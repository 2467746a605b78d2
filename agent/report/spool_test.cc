// SPDX-License-Identifier: Apache-2.0
#include "agent/report/spool.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace fettle::report {
namespace {

using fettle::testing::FakeClock;
using fettle::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr uint64_t kAll = 1U << 30;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    std::string name = ::testing::TempDir() + "spool-XXXXXX";
    directory_ = mkdtemp(name.data());
  }

  ~SpoolTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Spool> Open(const SpoolLimits& limits = {}) {
    auto spool = Spool::Open(directory_ + "/spool", limits, clock_);
    EXPECT_OK(spool);
    return *std::move(spool);
  }

  static std::vector<std::string> Bodies(const Spool& spool, uint64_t from = 0) {
    std::vector<std::string> bodies;
    const auto records = spool.Unacknowledged(from, kAll);
    EXPECT_OK(records);
    for (const SpoolRecord& record : *records) {
      bodies.push_back(record.body.substr(0, 8));
    }
    return bodies;
  }

  // The files of the present epoch, oldest first.
  std::vector<std::string> Segments(const Spool& spool) const {
    std::vector<std::string> paths;
    const std::string folder = directory_ + "/spool/" + spool.epoch();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  static void AppendTo(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::app | std::ios::binary) << bytes;
  }

  FakeClock clock_;
  std::string directory_;
};

TEST_F(SpoolTest, KeepsRecordsInOrderUntilTheyAreAcknowledged) {
  auto spool = Open();
  EXPECT_THAT(spool->Append(Weight::kGrave, "one"), fettle::testing::IsOkAndHolds(1U));
  EXPECT_THAT(spool->Append(Weight::kPlain, "two"), fettle::testing::IsOkAndHolds(2U));
  EXPECT_THAT(spool->Append(Weight::kGrave, "three"), fettle::testing::IsOkAndHolds(3U));
  EXPECT_THAT(Bodies(*spool), ElementsAre("one", "two", "three"));
  EXPECT_THAT(Bodies(*spool, 3), ElementsAre("three"));

  ASSERT_OK(spool->Acknowledge(2));
  EXPECT_THAT(Bodies(*spool), ElementsAre("three"));
  EXPECT_EQ(spool->waiting(), 1U);
}

TEST_F(SpoolTest, SurvivesTheProcess) {
  std::string epoch;
  {
    auto spool = Open();
    epoch = spool->epoch();
    ASSERT_OK(spool->Append(Weight::kGrave, "one"));
    ASSERT_OK(spool->Append(Weight::kGrave, "two"));
  }
  auto spool = Open();
  EXPECT_EQ(spool->epoch(), epoch);
  EXPECT_EQ(spool->next_sequence(), 3U);
  EXPECT_THAT(Bodies(*spool), ElementsAre("one", "two"));
  const auto records = spool->Unacknowledged(1, kAll);
  ASSERT_OK(records);
  EXPECT_EQ(records->front().recorded, clock_.Now());
}

TEST_F(SpoolTest, NeverGivesASequenceTwiceAfterEverythingWasAcknowledged) {
  SpoolLimits limits;
  limits.segment_bytes = 64;
  {
    auto spool = Open(limits);
    for (int i = 0; i < 5; ++i) {
      ASSERT_OK(spool->Append(Weight::kPlain, std::string(100, 'x')));
    }
    ASSERT_OK(spool->Acknowledge(5));
    EXPECT_THAT(Segments(*spool), IsEmpty());
  }
  auto spool = Open(limits);
  EXPECT_EQ(spool->next_sequence(), 6U);
  EXPECT_EQ(spool->waiting(), 0U);
}

TEST_F(SpoolTest, DropsWhatTheLastWriteLeftHalfDone) {
  std::string epoch;
  {
    auto spool = Open();
    epoch = spool->epoch();
    ASSERT_OK(spool->Append(Weight::kGrave, "one"));
    AppendTo(Segments(*spool).back(), std::string("\x20\0\0\0\x01\x02", 6));
  }
  {
    auto spool = Open();
    EXPECT_EQ(spool->epoch(), epoch);
    EXPECT_THAT(Bodies(*spool), ElementsAre("one"));
    EXPECT_THAT(spool->Append(Weight::kGrave, "two"), fettle::testing::IsOkAndHolds(2U));
    EXPECT_THAT(spool->TakeMessages(), IsEmpty());
  }
  EXPECT_THAT(Bodies(*Open()), ElementsAre("one", "two"));
}

TEST_F(SpoolTest, BeginsANewEpochWhenASegmentIsDamaged) {
  std::string epoch;
  {
    auto spool = Open();
    epoch = spool->epoch();
    ASSERT_OK(spool->Append(Weight::kGrave, "one"));
    ASSERT_OK(spool->Append(Weight::kGrave, "two"));
    ASSERT_OK(spool->Append(Weight::kGrave, "three"));
    const std::string path = Segments(*spool).back();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file << "####";
  }
  auto spool = Open();
  EXPECT_NE(spool->epoch(), epoch);
  EXPECT_THAT(Bodies(*spool), ElementsAre("one"));
  EXPECT_EQ(spool->next_sequence(), 2U);
  EXPECT_THAT(spool->TakeMessages(), Not(IsEmpty()));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/spool/" + epoch));
}

TEST_F(SpoolTest, BeginsANewEpochWhenTheEpochFileIsDamaged) {
  std::string epoch;
  {
    auto spool = Open();
    epoch = spool->epoch();
    ASSERT_OK(spool->Append(Weight::kGrave, "one"));
  }
  std::ofstream(directory_ + "/spool/epoch") << "rubbish";
  auto spool = Open();
  EXPECT_NE(spool->epoch(), epoch);
  EXPECT_EQ(spool->next_sequence(), 1U);
  EXPECT_THAT(spool->TakeMessages(), ElementsAre(HasSubstr("damaged")));
}

TEST_F(SpoolTest, DropsPlainRecordsFirstWhenItIsFull) {
  SpoolLimits limits{.max_bytes = 1000, .segment_bytes = 300};
  auto spool = Open(limits);
  const std::string tail(80, '.');
  ASSERT_OK(spool->Append(Weight::kGrave, "grave001" + tail));
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(spool->Append(Weight::kPlain, fmt::format("plain{:03}{}", i, tail)));
  }
  for (int i = 2; i < 6; ++i) {
    ASSERT_OK(spool->Append(Weight::kGrave, fmt::format("grave{:03}{}", i, tail)));
  }
  EXPECT_LE(spool->bytes(), limits.max_bytes);
  const std::vector<std::string> bodies = Bodies(*spool);
  for (int i = 1; i < 6; ++i) {
    EXPECT_THAT(bodies, ::testing::Contains(fmt::format("grave{:03}", i)));
  }
  EXPECT_GT(spool->dropped(), 0U);
  EXPECT_THAT(Bodies(*Open(limits)), ::testing::ElementsAreArray(bodies));
}

TEST_F(SpoolTest, DropsTheOldestGraveRecordsOnlyForNewerOnes) {
  SpoolLimits limits{.max_bytes = 1000, .segment_bytes = 100};
  auto spool = Open(limits);
  const std::string tail(80, '.');
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(spool->Append(Weight::kGrave, fmt::format("grave{:03}{}", i, tail)));
  }
  EXPECT_THAT(spool->Append(Weight::kPlain, "plain" + tail),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("full")));
  EXPECT_THAT(Bodies(*spool), ::testing::Contains("grave019"));
  EXPECT_THAT(Bodies(*spool), Not(::testing::Contains("grave000")));
  EXPECT_EQ(spool->next_sequence(), 21U);
  EXPECT_EQ(Open(limits)->next_sequence(), 21U);
}

TEST_F(SpoolTest, RefusesARecordThatIsTooLargeForIt) {
  auto spool = Open({.max_bytes = 1000, .segment_bytes = 300});
  EXPECT_THAT(spool->Append(Weight::kGrave, std::string(500, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too large")));
  EXPECT_EQ(spool->next_sequence(), 1U);
}

TEST_F(SpoolTest, NumbersWhatWaitsAnewInANewEpoch) {
  std::string epoch;
  {
    auto spool = Open();
    const std::string before = spool->epoch();
    for (const char* const body : {"one", "two", "three"}) {
      ASSERT_OK(spool->Append(Weight::kGrave, body));
    }
    ASSERT_OK(spool->Acknowledge(1));
    ASSERT_OK(spool->Renumber());
    epoch = spool->epoch();
    EXPECT_NE(epoch, before);
    EXPECT_THAT(spool->Append(Weight::kGrave, "four"), fettle::testing::IsOkAndHolds(3U));
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/spool/" + before));
  }
  auto spool = Open();
  EXPECT_EQ(spool->epoch(), epoch);
  EXPECT_THAT(Bodies(*spool), ElementsAre("two", "three", "four"));
}

TEST_F(SpoolTest, AnInterruptedRenumberingLeavesTheOldEpoch) {
  std::string epoch;
  {
    auto spool = Open();
    epoch = spool->epoch();
    ASSERT_OK(spool->Append(Weight::kGrave, "one"));
  }
  std::filesystem::create_directory(directory_ + "/spool/01NEWEPOCH");
  std::ofstream(directory_ + "/spool/01NEWEPOCH/" + SegmentName(1)) << "half";
  auto spool = Open();
  EXPECT_EQ(spool->epoch(), epoch);
  EXPECT_THAT(Bodies(*spool), ElementsAre("one"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/spool/01NEWEPOCH"));
}

TEST_F(SpoolTest, AnswersAtLeastOneRecordHoweverLarge) {
  auto spool = Open();
  ASSERT_OK(spool->Append(Weight::kGrave, std::string(1000, 'a')));
  ASSERT_OK(spool->Append(Weight::kGrave, std::string(1000, 'b')));
  const auto records = spool->Unacknowledged(0, 10);
  ASSERT_OK(records);
  EXPECT_EQ(records->size(), 1U);
}

TEST_F(SpoolTest, IgnoresAnAcknowledgementOfWhatItNeverGave) {
  auto spool = Open();
  ASSERT_OK(spool->Append(Weight::kGrave, "one"));
  ASSERT_OK(spool->Acknowledge(1000));
  EXPECT_EQ(spool->next_sequence(), 2U);
  EXPECT_THAT(spool->Append(Weight::kGrave, "two"), fettle::testing::IsOkAndHolds(2U));
  EXPECT_THAT(Bodies(*spool), ElementsAre("two"));
}

}  // namespace
}  // namespace fettle::report
