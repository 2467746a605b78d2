// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/read_fd.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace fettle::sys {

int ReadUpTo(int fd, char* buffer, std::size_t size, std::size_t* got) {
  *got = 0;
  while (*got < size) {
    const ssize_t count = read(fd, buffer + *got, size - *got);
    if (count == 0) {
      return 0;
    }
    if (count > 0) {
      *got += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int ReadAll(int fd, uint64_t size_hint, uint64_t max_bytes, std::string* content) {
  if (size_hint > max_bytes) {
    return EFBIG;
  }
  // One byte more than expected: a short answer of exactly the expected size is the whole file.
  std::size_t room = static_cast<std::size_t>(size_hint > 0 ? size_hint + 1 : 4096);
  std::size_t size = 0;
  for (;;) {
    content->resize(room);
    const ssize_t count = read(fd, content->data() + size, room - size);
    if (count < 0 && errno != EINTR) {
      return errno;
    }
    if (count < 0) {
      continue;
    }
    size += static_cast<std::size_t>(count);
    if (size > max_bytes) {
      return EFBIG;
    }
    if (count == 0 || (size_hint > 0 && size == size_hint)) {
      content->resize(size);
      return 0;
    }
    if (size == room) {
      room *= 2;
    }
  }
}

int WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = write(fd, content.data(), content.size());
    if (count >= 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int ReadNames(int fd, std::vector<std::string>* names) {
  alignas(dirent64) std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t size = getdents64(fd, buffer.data(), buffer.size());
    if (size < 0) {
      return errno;
    }
    if (size == 0) {
      return 0;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names->emplace_back(name);
      }
      at += entry->d_reclen;
    }
  }
}

}  // namespace fettle::sys
