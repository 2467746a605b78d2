// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/store.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace fettle::undo {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(const Bounds& bounds = {}) const {
    return Store::Open(folder_.path() + "/undo", bounds).value();
  }

  static Began BeganAs(const std::string& run) { return {run, "apply", "r1", absl::Now()}; }

  // A change of one file with this old content.
  static void Keep(Store* store, const std::string& run, const std::string& content) {
    FilePart part;
    part.kind = sys::FileKind::kRegular;
    part.content = Sha256(content);
    ASSERT_TRUE(store->Keep(part.content, content).ok());
    Before before{{"file:/a"}, {{{Kind::kPath, "/a"}, {{"", EncodeFile(part)}}, ""}}};
    ASSERT_TRUE(store->Append(BeganAs(run), before).ok());
    ASSERT_TRUE(store->Sync().ok());
  }

  testing::TempFolder folder_;
};

TEST_F(StoreTest, WhatIsKeptIsReadBackByAnotherProcess) {
  Keep(Open().get(), "RUN1", "old");
  const auto store = Open();
  const RunRecord run = store->Read("RUN1").value();
  EXPECT_EQ(run.began.revision, "r1");
  ASSERT_EQ(run.changes.size(), 1U);
  EXPECT_FALSE(run.ended);
  const FilePart part = DecodeFile(run.changes[0].things[0].before.at(""));
  EXPECT_EQ(store->Content(part.content).value(), "old");
  EXPECT_TRUE(absl::IsNotFound(store->Read("RUN2").status()));
  EXPECT_EQ(store->Find("N1").value(), "RUN1");
  EXPECT_EQ(store->Find("last").value(), "RUN1");
}

TEST_F(StoreTest, NothingOnDiskShowsWhatIsKeptAndAllIsForRootAlone) {
  Keep(Open().get(), "RUN1", "hunter2 is the password");
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/undo")) {
    struct stat found {};

    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 077U, 0U) << entry.path();
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
      EXPECT_EQ(bytes.find("hunter2"), std::string::npos) << entry.path();
      EXPECT_EQ(bytes.find("file:/a"), std::string::npos) << entry.path();
    }
  }
}

TEST_F(StoreTest, ARecordCutShortIsNotThereAndTheNextIsReadable) {
  Keep(Open().get(), "RUN1", "old");
  const std::string path = folder_.path() + "/undo/RUN1.run";
  const auto whole = std::filesystem::file_size(path);
  {
    const auto store = Open();
    ASSERT_TRUE(store->Append("RUN1", Ended{}).ok());
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_FALSE(Open()->Read("RUN1")->ended);
  const auto store = Open();
  ASSERT_TRUE(store->Append("RUN1", Ended{}).ok());
  EXPECT_TRUE(store->Read("RUN1")->ended);
  EXPECT_GT(std::filesystem::file_size(path), whole);
}

TEST_F(StoreTest, TheOldestRunsMakeRoom) {
  const auto store = Open({.runs = 3});
  for (int i = 0; i < 6; ++i) {
    Keep(store.get(), "RUN" + std::to_string(i), "content " + std::to_string(i));
  }
  ASSERT_TRUE(store->Trim(absl::Now(), {"RUN1"}).ok());
  EXPECT_EQ(store->Runs().value(), (std::vector<std::string>{"RUN1", "RUN3", "RUN4", "RUN5"}));
  EXPECT_FALSE(store->Has(Sha256("content 0")));
  EXPECT_TRUE(store->Has(Sha256("content 1")));
  EXPECT_TRUE(store->Has(Sha256("content 5")));
}

TEST_F(StoreTest, TooManyBytesMakeRoomAndTheNewestStays) {
  const auto store = Open({.bytes = 5000});
  for (int i = 0; i < 4; ++i) {
    Keep(store.get(), "RUN" + std::to_string(i), std::string(3000, static_cast<char>('a' + i)));
  }
  ASSERT_TRUE(store->Trim(absl::Now(), {}).ok());
  EXPECT_EQ(store->Runs().value(), std::vector<std::string>{"RUN3"});
}

}  // namespace
}  // namespace fettle::undo
