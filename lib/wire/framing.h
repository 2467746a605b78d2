// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace google::protobuf {
class MessageLite;
}

// Frames between the agent's engine and its link: a 4-byte little-endian length, then one
// serialised message.
namespace fettle::wire {

inline constexpr std::size_t kMaxFrame = 8 << 20;

// The frame for `message`. kInvalidArgument when it is larger than kMaxFrame.
absl::StatusOr<std::string> Frame(const google::protobuf::MessageLite& message);

// Empties `buffer`; gives back what it took if that is much. For processes that idle for long after
// a large message.
void Empty(std::string* buffer);

// Puts frames together from bytes as they come. One thread.
class FrameReader {
 public:
  void Append(std::string_view bytes) { buffer_.append(bytes); }

  // The body of the next whole frame, nullopt when it is not all there yet; kInvalidArgument (for
  // good) when a length is over kMaxFrame.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  std::string buffer_;
  std::size_t start_ = 0;
};

}  // namespace fettle::wire
