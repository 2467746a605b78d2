// SPDX-License-Identifier: Apache-2.0
// Many files of one run share their syncs: what that must not cost.
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/journal/journal.h"
#include "modules/types.h"
#include "tests/support/fake_host.h"
#include "tests/support/temp_folder.h"

namespace fettle::contract {
namespace {

constexpr std::size_t kFiles = 12;

// A catalog of files, some new and some there already, and an agent that can be killed.
class FileBatchTest : public ::testing::Test {
 protected:
  FileBatchTest() {
    host_.disk().PutDirectory("/conf");
    for (std::size_t i = 0; i < kFiles; ++i) {
      resource::Declaration declaration;
      declaration.type = "file";
      declaration.name = PathOf(i);
      std::vector<std::string> errors;
      declaration.attributes = resource::Normalize(*FindType("file")->schema,
                                                   declaration.name,
                                                   {{"content", fmt::format("new {}", i)}},
                                                   &errors);
      EXPECT_TRUE(errors.empty());
      catalog_.resources.push_back(std::move(declaration));
    }
    MakeOld();
    Restart();
  }

  static std::string PathOf(std::size_t i) { return fmt::format("/conf/f{}", i); }

  // Every second file is there, with other content.
  void MakeOld() {
    for (std::size_t i = 0; i < kFiles; ++i) {
      host_.disk().Delete(PathOf(i));
      if (i % 2 == 0) {
        host_.disk().PutFile(PathOf(i), "old");
      }
    }
  }

  void Restart() {
    journal_.reset();
    journal_ = journal::Journal::Open(folder_.path()).value();
  }

  absl::StatusOr<resource::RunReport> Run() {
    engine::Engine engine(FindType, host_.clock(), journal_.get());
    return engine.Run(catalog_, host_, {});
  }

  void ExpectOldOrNew() {
    for (std::size_t i = 0; i < kFiles; ++i) {
      const std::optional<std::string> content = host_.disk().Content(PathOf(i));
      const bool old = i % 2 == 0 ? content == "old" : !content.has_value();
      EXPECT_TRUE(old || content == fmt::format("new {}", i)) << PathOf(i);
    }
  }

  testing::TempFolder folder_;
  testing::FakeHost host_;
  std::unique_ptr<journal::Journal> journal_;
  resource::Catalog catalog_;
};

TEST_F(FileBatchTest, ChangesThemInTheOrderWrittenAndLooksAtEachAgain) {
  const resource::RunReport report = Run().value();
  EXPECT_EQ(report.counts.changed, static_cast<int32_t>(kFiles));
  std::vector<std::string> written;
  for (const testing::FakeCall& call : host_.calls().log()) {
    if (call.write) {
      written.push_back(call.what);
    }
  }
  ASSERT_EQ(written.size(), kFiles);
  for (std::size_t i = 0; i < kFiles; ++i) {
    EXPECT_EQ(written[i], "Replace " + PathOf(i));
  }
  EXPECT_EQ(Run()->counts.ok, static_cast<int32_t>(kFiles));
}

TEST_F(FileBatchTest, APowerLossAtAnyWriteTearsNothingAndTheNextRunEndsIt) {
  for (std::size_t writes = 1; writes <= kFiles; ++writes) {
    SCOPED_TRACE(fmt::format("after write {}", writes));
    MakeOld();
    host_.calls().CrashAfterWrite(writes);
    ASSERT_TRUE(Run().ok());
    ASSERT_TRUE(host_.calls().crashed());
    host_.Reboot();
    ExpectOldOrNew();
    Restart();
    const resource::RunReport report = Run().value();
    EXPECT_EQ(report.counts.failed, 0);
    EXPECT_TRUE(journal_->knowledge().open().empty());
    EXPECT_EQ(Run()->counts.ok, static_cast<int32_t>(kFiles));
  }
}

TEST_F(FileBatchTest, AFailureAtAnyCallIsThatFilesAloneAndTheNextRunEndsIt) {
  for (std::size_t call = 1; call < 1000; ++call) {
    SCOPED_TRACE(fmt::format("call {} fails", call));
    MakeOld();
    host_.calls().FailCall(call, absl::UnavailableError("injected fault"));
    const resource::RunReport report = Run().value();
    const bool struck = host_.calls().fault_struck();
    host_.calls().ClearFaults();
    ExpectOldOrNew();
    if (!struck) {
      return;
    }
    EXPECT_LE(report.counts.failed, 1);
    EXPECT_EQ(Run()->counts.failed, 0);
    EXPECT_EQ(Run()->counts.ok, static_cast<int32_t>(kFiles));
  }
  ADD_FAILURE() << "never came to an end";
}

}  // namespace
}  // namespace fettle::contract
