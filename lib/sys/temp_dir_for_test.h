// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace fettle::sys {

// A folder of its own for each test, removed afterwards. Only for tests of this folder.
class TempDirTest : public testing::Test {
 protected:
  TempDirTest() {
    std::string pattern = testing::TempDir() + "fettle-sys-XXXXXX";
    directory_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
    EXPECT_FALSE(directory_.empty());
  }

  ~TempDirTest() override {
    std::error_code ignored;
    if (!directory_.empty()) {
      std::filesystem::remove_all(directory_, ignored);
    }
  }

  const std::string& directory() const { return directory_; }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  static void Write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  static std::string Slurp(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
  }

  std::size_t EntryCount() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }

 private:
  std::string directory_;
};

}  // namespace fettle::sys
