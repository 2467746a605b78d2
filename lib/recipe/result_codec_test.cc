// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/result_codec.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::recipe {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;

TEST(ResultCodecTest, ReadsBackWhatItWrote) {
  EvaluateResult result;
  result.catalog.host = "h";
  result.problems = {{"wrong", {"a.lua", 3, {"b.lua:1"}}}};
  result.notes = {{"note", {}}};
  result.fleet_queries = {{{"role", "web"}}};
  result.stats = {1, 2, 3};
  const auto again = DecodeResult(EncodeResult(result));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->catalog, result.catalog);
  EXPECT_EQ(again->problems, result.problems);
  EXPECT_EQ(again->notes, result.notes);
  EXPECT_EQ(again->fleet_queries, result.fleet_queries);
  EXPECT_EQ(again->stats, result.stats);
}

TEST(ResultCodecTest, RefusesEveryCutAndWildCounts) {
  EvaluateResult result;
  result.problems = {{"wrong", {"a.lua", 3, {"b.lua:1"}}}};
  const std::string bytes = EncodeResult(result);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(DecodeResult(bytes.substr(0, size)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(DecodeResult(bytes + "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(0xFF);
    // Any answer but a crash or a great allocation.
    (void)DecodeResult(altered).ok();
  }
}

}  // namespace
}  // namespace fettle::recipe
