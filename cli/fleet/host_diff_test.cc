// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/host_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fleet/present.h"

namespace fettle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void Add(v1::HostDetail* detail, const char* id, v1::State state, const char* error = "") {
  v1::ResourceState* const resource = detail->add_resources();
  resource->set_id(id);
  resource->set_state(state);
  resource->set_error(error);
}

TEST(HostDiffTest, ResourcesAreToldApartByState) {
  v1::HostDetail before;
  Add(&before, "file:/a", v1::STATE_OK);
  Add(&before, "file:/b", v1::STATE_OK);
  Add(&before, "file:/c", v1::STATE_OK);
  v1::HostDetail after;
  Add(&after, "file:/b", v1::STATE_OK);
  Add(&after, "file:/c", v1::STATE_FAILED, "no space\nat all");
  Add(&after, "file:/d", v1::STATE_OK);
  EXPECT_THAT(DiffStates(before, after),
              ElementsAre(Changed{"file:/a", "ok", ""},
                          Changed{"file:/c", "ok", "failed: no space"},
                          Changed{"file:/d", "", "ok"}));
  EXPECT_THAT(DiffStates(after, after), IsEmpty());
}

TEST(HostDiffTest, FactsAreToldApartByTheirDottedNames) {
  EXPECT_THAT(DiffFacts(R"({"os": {"id": "debian", "version": "11"}, "a": [1], "gone": true})",
                        R"({"os": {"id": "debian", "version": "12"}, "a": [1, 2], "new": 7})"),
              ElementsAre(Changed{"a", "[1]", "[1,2]"},
                          Changed{"gone", "true", ""},
                          Changed{"os.version", "11", "12"},
                          Changed{"new", "", "7"}));
  EXPECT_THAT(DiffFacts("", "no json"), IsEmpty());
}

TEST(WhatTest, EachKindOfChangeHasItsOwnWords) {
  EXPECT_EQ(WhatText(v1::STATE_CHANGED, v1::CAUSE_DRIFT, ""), "correction");
  EXPECT_EQ(WhatText(v1::STATE_CHANGED, v1::CAUSE_INTENDED, ""), "intended change");
  EXPECT_EQ(WhatText(v1::STATE_DRIFTED, v1::CAUSE_DRIFT, ""), "left alone");
  EXPECT_EQ(WhatText(v1::STATE_CHANGED, v1::CAUSE_DRIFT, "put right 5 times"),
            "contended, correction");
  EXPECT_EQ(WhatText(v1::STATE_REVERTED, v1::CAUSE_INTENDED, ""), "reverted");
  EXPECT_EQ(WhatText(v1::STATE_OK, v1::CAUSE_NONE, ""), "");
}

}  // namespace
}  // namespace fettle::cli
