// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/cause.h"

#include <gtest/gtest.h>

namespace fettle::engine {
namespace {

using resource::Cause;

TEST(CauseTest, EveryCombinationHasItsCause) {
  const struct {
    const char* what;
    CauseFacts facts;
    Cause cause;
  } kCases[] = {
      {"never seen", {false, 1, 0, 2, 0}, Cause::kFirstSight},
      {"never seen, whatever else", {false, 1, 1, 2, 2}, Cause::kFirstSight},
      {"as declared before, never set by us", {true, 1, 1, 2, 0}, Cause::kDrift},
      {"as declared before, not what we set", {true, 1, 1, 2, 1}, Cause::kDrift},
      {"as declared before, and what we set then is there", {true, 1, 1, 2, 2}, Cause::kDrift},
      {"declared anew, what we left is there", {true, 1, 3, 2, 2}, Cause::kIntended},
      {"declared anew, something else is there", {true, 1, 3, 2, 3}, Cause::kDrift},
      {"declared anew, nobody knows what was there", {true, 1, 3, 2, 0}, Cause::kIntended},
      {"an attribute that was not declared before", {true, 1, 0, 2, 0}, Cause::kIntended},
      {"not declared before, what we left is there", {true, 1, 0, 2, 2}, Cause::kIntended},
      {"not declared before, something else is there", {true, 1, 0, 2, 3}, Cause::kDrift},
  };

  for (const auto& test : kCases) {
    EXPECT_EQ(CauseOf(test.facts), test.cause) << test.what;
  }
}

}  // namespace
}  // namespace fettle::engine
