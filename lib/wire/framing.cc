// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/framing.h"

#include <cstdint>

#include "google/protobuf/message_lite.h"

#include "lib/base/status_macros.h"

namespace fettle::wire {
namespace {

constexpr std::size_t kHeader = 4;

}  // namespace

absl::StatusOr<std::string> Frame(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  if (size > kMaxFrame) {
    return InvalidArgument("a message of {} bytes is over the limit of {}", size, kMaxFrame);
  }
  std::string frame;
  frame.reserve(kHeader + size);
  for (std::size_t i = 0; i < kHeader; ++i) {
    frame.push_back(static_cast<char>((size >> (8 * i)) & 0xFFU));
  }
  message.AppendToString(&frame);
  return frame;
}

void Empty(std::string* buffer) {
  constexpr std::size_t kMuch = 64 << 10;
  if (buffer->capacity() > kMuch) {
    std::string().swap(*buffer);
  } else {
    buffer->clear();
  }
}

absl::StatusOr<std::optional<std::string>> FrameReader::Next() {
  if (buffer_.size() - start_ < kHeader) {
    return std::nullopt;
  }
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeader; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[start_ + i])) << (8 * i);
  }
  if (size > kMaxFrame) {
    return InvalidArgument("a frame of {} bytes is over the limit of {}", size, kMaxFrame);
  }
  if (buffer_.size() - start_ < kHeader + size) {
    return std::nullopt;
  }
  std::string body = buffer_.substr(start_ + kHeader, size);
  start_ += kHeader + size;
  if (start_ == buffer_.size()) {
    Empty(&buffer_);
    start_ = 0;
  } else if (start_ > (1U << 20U)) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  return body;
}

}  // namespace fettle::wire
