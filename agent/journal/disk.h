// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The few system calls that the journal needs, each naming its path when it fails.
namespace fettle::journal {

// Owns a file descriptor.
class File {
 public:
  File() = default;

  explicit File(int fd) : fd_(fd) {}

  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  File& operator=(File&& other) noexcept;

  ~File() { Close(); }

  int fd() const { return fd_; }

  bool open() const { return fd_ >= 0; }

  void Close();

 private:
  int fd_ = -1;
};

// The status for `errno` as it stands, "<what> <path>: <why>".
absl::Status ErrnoStatus(std::string_view what, const std::string& path);

// Makes a directory for root alone, with its parents; OK if it is there.
absl::Status MakePrivateDirectory(const std::string& path);

// Opens for reading and appending, makes it if it is missing (mode 0600). Follows no link.
absl::StatusOr<File> OpenForAppend(const std::string& path);

// The whole content. kNotFound when it is missing.
absl::StatusOr<std::string> ReadWhole(const std::string& path);

absl::Status WriteAll(const File& file, std::string_view bytes, const std::string& path);

absl::Status SyncData(const File& file, const std::string& path);

// Writes `bytes` as `path` through a temporary name; not yet synced.
absl::Status WriteUnsynced(const std::string& path, std::string_view bytes);

// Writes `bytes` as `path`, whole or not at all, also across power loss (mode 0600).
absl::Status ReplaceWhole(const std::string& path, std::string_view bytes);

}  // namespace fettle::journal
