// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::journal {

// CRC-32C (Castagnoli) of `bytes`.
uint32_t Crc32c(std::string_view bytes);

// Appends one frame: length, checksum, payload.
void AppendFrame(std::string_view payload, std::string* out);

struct Frames {
  std::vector<std::string_view> payloads;  // Views into the bytes that were read.
  std::size_t good_bytes = 0;              // The end of the last whole frame.
  // Beyond good_bytes there is something that a write cut short cannot have left: whole frames, or
  // a frame that ends where its length says and is wrong inside.
  bool damaged = false;
};

// Reads frames until the first that is not whole.
Frames ReadFrames(std::string_view bytes);

}  // namespace fettle::journal
