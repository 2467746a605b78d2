// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "cli/lab/files.h"

namespace fettle::lab {

// A folder that exists as long as this does.
class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "fettle-lab-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }

  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  ~TempFolder() { EXPECT_TRUE(RemoveFolder(path_).ok()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fettle::lab
