// SPDX-License-Identifier: Apache-2.0
#include "lib/base/bytes.h"

#include <utility>

namespace fettle {

void ByteWriter::Number(uint64_t number) {
  while (number >= 0x80U) {
    out_ += static_cast<char>((number & 0x7FU) | 0x80U);
    number >>= 7U;
  }
  out_ += static_cast<char>(number);
}

void ByteWriter::Signed(int64_t number) {
  Number((static_cast<uint64_t>(number) << 1U) ^ static_cast<uint64_t>(number >> 63));
}

void ByteWriter::Text(std::string_view text) {
  Number(text.size());
  out_ += text;
}

void ByteWriter::Texts(const std::vector<std::string>& texts) {
  Number(texts.size());
  for (const std::string& text : texts) {
    Text(text);
  }
}

std::string ByteWriter::Take() {
  return std::exchange(out_, {});
}

uint64_t ByteReader::Number(uint64_t most) {
  uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) {
      return Fail();
    }
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    const uint64_t bits = byte & 0x7FU;
    const bool overlong = byte == 0 && shift > 0;
    if (overlong || (bits << shift) >> shift != bits) {
      return Fail();
    }
    number |= bits << shift;
    if ((byte & 0x80U) == 0) {
      return number > most ? Fail() : number;
    }
  }
  return Fail();
}

int64_t ByteReader::Signed() {
  const uint64_t number = Number();
  return static_cast<int64_t>((number >> 1U) ^ (~(number & 1U) + 1U));
}

int32_t ByteReader::Small() {
  const int64_t number = Signed();
  if (number < std::numeric_limits<int32_t>::min() ||
      number > std::numeric_limits<int32_t>::max()) {
    Fail();
    return 0;
  }
  return static_cast<int32_t>(number);
}

std::string ByteReader::Text() {
  return std::string(Raw(Count(1)));
}

std::vector<std::string> ByteReader::Texts() {
  const std::size_t count = Count(1);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count && !failed_; ++i) {
    texts.push_back(Text());
  }
  return texts;
}

std::string_view ByteReader::Raw(std::size_t length) {
  if (length > rest_.size()) {
    Fail();
    return {};
  }
  const std::string_view bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

uint64_t ByteReader::Fail() {
  failed_ = true;
  rest_ = {};
  return 0;
}

}  // namespace fettle
