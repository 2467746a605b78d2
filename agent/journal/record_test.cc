// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/record.h"

#include <gtest/gtest.h>

namespace fettle::journal {
namespace {

using resource::RefreshKind;

const absl::Time kNow = absl::FromUnixMicros(1767225600'123456);

TEST(RecordTest, EveryKindReturnsAsItWent) {
  const Record kRecords[] = {
      Intent{"run",
             kNow,
             {{"file:/a", {{"service:b", RefreshKind::kRestart}, {"exec:c", RefreshKind::kReload}}},
              {"file:/b", {}}},
             {"/", "/srv/x"}},
      AtRest{kNow, {{"file:/a", Known{~0ULL, {{"content", 1, 2, "shown"}, {"mode", 3, 0, ""}}}}}},
      Failed{{"file:/a", "file:/b"}},
      Refreshed{{"service:b"}},
      Settled{Sha256("x")},
      Forgotten{{"file:/z"}},
      Withdrawn{{"file:/a"}}};
  for (const Record& record : kRecords) {
    const absl::StatusOr<Record> decoded = DecodeRecord(EncodeRecord(record));
    ASSERT_TRUE(decoded.ok()) << record.index();
    EXPECT_EQ(*decoded, record) << record.index();
  }
}

TEST(RecordTest, CutShortItIsRefused) {
  const std::string bytes = EncodeRecord(AtRest{kNow, {{"file:/a", Known{5, {{"m", 1, 2, "s"}}}}}});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeRecord(bytes.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeRecord(bytes + "x").ok());
  EXPECT_FALSE(DecodeRecord("\x20").ok());
}

}  // namespace
}  // namespace fettle::journal
