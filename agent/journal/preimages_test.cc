// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/preimages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace fettle::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Preimage Of(const std::string& run, const std::string& path, std::string_view content) {
  return {run, "file:" + path, path, absl::FromUnixSeconds(7), true, Sha256(content), 0644, 1, 2};
}

TEST(PreimagesTest, KeepsWhatWasThereByRun) {
  const testing::TempFolder folder;
  Preimages preimages(folder.path() + "/preimages");
  const Preimage a = Of("run1", "/a", "old a");
  const Preimage b = Of("run2", "/b", "old a");
  const Preimage none{"run1", "file:/n", "/n", absl::FromUnixSeconds(8), false, {}, 0, 0, 0};
  EXPECT_THAT(preimages.OfRun("run1").value(), IsEmpty());
  ASSERT_TRUE(preimages.Keep(a, "old a").ok());
  ASSERT_TRUE(preimages.Keep(b, "old a").ok());
  ASSERT_TRUE(preimages.Keep(none, "").ok());
  ASSERT_TRUE(preimages.Sync().ok());
  EXPECT_THAT(preimages.OfRun("run1").value(), ElementsAre(a, none));
  EXPECT_EQ(preimages.Content(a.content).value(), "old a");
}

TEST(PreimagesTest, TheOldestMakeRoom) {
  const testing::TempFolder folder;
  Preimages preimages(folder.path() + "/preimages", 25);
  for (const char* name : {"/1", "/2", "/3"}) {
    const std::string content = std::string("ten bytes") + name;
    ASSERT_TRUE(preimages.Keep(Of("run", name, content), content).ok());
  }
  ASSERT_TRUE(preimages.Trim().ok());
  EXPECT_THAT(preimages.OfRun("run").value(),
              ElementsAre(Of("run", "/2", "ten bytes/2"), Of("run", "/3", "ten bytes/3")));
  EXPECT_TRUE(absl::IsNotFound(preimages.Content(Sha256("ten bytes/1")).status()));
  EXPECT_TRUE(preimages.Content(Sha256("ten bytes/2")).ok());
}

}  // namespace
}  // namespace fettle::journal
