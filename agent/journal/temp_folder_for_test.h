// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace fettle::journal {

// A folder that goes with the test. For *_test.cc only.
class TempFolderForTest {
 public:
  TempFolderForTest() {
    std::string name = (std::filesystem::temp_directory_path() / "fettle-journal-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }

  ~TempFolderForTest() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  TempFolderForTest(const TempFolderForTest&) = delete;
  TempFolderForTest& operator=(const TempFolderForTest&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fettle::journal
