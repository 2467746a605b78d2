// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The few loops around read(2), write(2) and getdents64(2). Errors are errno values (0: fine), so
// that the caller, who knows the path, makes the one message of it. Only for lib/sys.
namespace fettle::sys {

// Reads from the descriptor's place to the end. `size_hint` is what fstat(2) said: a file of just
// that size costs one read(2). EFBIG as soon as there are more than `max_bytes`.
int ReadAll(int fd, uint64_t size_hint, uint64_t max_bytes, std::string* content);

// Up to `size` bytes; short only at the end of the file.
int ReadUpTo(int fd, char* buffer, std::size_t size, std::size_t* got);

int WriteAll(int fd, std::string_view content);

// The names in an open directory, unsorted, without "." and "..".
int ReadNames(int fd, std::vector<std::string>* names);

}  // namespace fettle::sys
