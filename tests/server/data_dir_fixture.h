// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/config.h"
#include "tests/support/fake_clock.h"

namespace fettle::server {

// A configuration whose data directory is in a temporary folder, and not made yet.
class DataDirTest : public ::testing::Test {
 protected:
  DataDirTest() {
    std::string pattern = ::testing::TempDir() + "data-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    config_.data_dir = folder_.string() + "/data";
  }

  ~DataDirTest() override { std::filesystem::remove_all(folder_); }

  testing::FakeClock clock_;
  Config config_;

 private:
  std::filesystem::path folder_;
};

}  // namespace fettle::server
