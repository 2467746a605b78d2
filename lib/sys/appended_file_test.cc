// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/appended_file.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle::sys {
namespace {

using ::testing::HasSubstr;

class AppendedFileTest : public ::testing::Test {
 protected:
  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  const testing::TempFolder folder_;
  const std::string path_ = folder_.path() + "/events.log";
};

TEST_F(AppendedFileTest, AppendsAndIsNotForEverybody) {
  AppendedFile file(path_, 0);
  ASSERT_OK(file.Append("a\nb\n"));
  ASSERT_OK(file.Append("c\n"));
  EXPECT_EQ(Read(path_), "a\nb\nc\n");
  struct stat found = {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07, 0U);
}

TEST_F(AppendedFileTest, GoesOnInANewFileWhenItWasMovedAway) {
  AppendedFile file(path_, 0);
  ASSERT_OK(file.Append("a\n"));
  ASSERT_EQ(rename(path_.c_str(), (path_ + ".moved").c_str()), 0);
  ASSERT_OK(file.Append("b\n"));
  EXPECT_EQ(Read(path_ + ".moved"), "a\n");
  EXPECT_EQ(Read(path_), "b\n");
}

TEST_F(AppendedFileTest, GoesOnWhereOneWasCutInPlace) {
  AppendedFile file(path_, 0);
  ASSERT_OK(file.Append("a\n"));
  std::filesystem::resize_file(path_, 0);
  ASSERT_OK(file.Append("b\n"));
  EXPECT_EQ(Read(path_), "b\n");
}

TEST_F(AppendedFileTest, TakesAtMostTwiceTheRoom) {
  AppendedFile file(path_, 10);
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(file.Append("1234\n"));
    EXPECT_LE(std::filesystem::file_size(path_), 10U);
  }
  EXPECT_EQ(Read(path_ + ".1"), "1234\n1234\n");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".2"));
}

TEST_F(AppendedFileTest, WhatAPowerLossToreStandsAlone) {
  std::ofstream(path_) << "whole\nto";
  AppendedFile file(path_, 0);
  ASSERT_OK(file.Append("torn\n"));
  EXPECT_EQ(Read(path_), "whole\nto\ntorn\n");
}

TEST_F(AppendedFileTest, SaysWhichFileAndWhy) {
  AppendedFile file(folder_.path() + "/missing/events.log", 0);
  const absl::Status status = file.Append("a\n");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/missing/events.log"));
}

// /dev/full answers each write with "no space left".
TEST_F(AppendedFileTest, AFullDiskIsAnErrorAndLaterNot) {
  std::filesystem::create_symlink("/dev/full", path_);
  AppendedFile file(path_, 0);
  EXPECT_FALSE(file.Append("a\n").ok());
  std::filesystem::remove(path_);
  ASSERT_OK(file.Append("a\n"));
  EXPECT_EQ(Read(path_), "a\n");
}

}  // namespace
}  // namespace fettle::sys
