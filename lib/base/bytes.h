// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace fettle {

// Builds bytes from numbers (LEB128; signed ones zigzag), flags and texts led by their length.
// There is one way to write each value, so equal values give equal bytes.
class ByteWriter {
 public:
  void Number(uint64_t number);
  void Signed(int64_t number);

  void Flag(bool flag) { out_ += flag ? '\1' : '\0'; }

  void Text(std::string_view text);
  void Texts(const std::vector<std::string>& texts);

  // As it is, without a length.
  void Raw(std::string_view bytes) { out_ += bytes; }

  const std::string& bytes() const { return out_; }

  // Leaves the writer empty.
  std::string Take();

 private:
  std::string out_;
};

// Reads what a ByteWriter wrote, from bytes that nobody vouches for: every length is bounded by
// what is left. From the first thing that is wrong on, every answer is zero or empty and failed()
// is true. The bytes must outlive the reader.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }

  bool at_end() const { return rest_.empty(); }

  // At most `most`.
  uint64_t Number(uint64_t most = std::numeric_limits<uint64_t>::max());
  int64_t Signed();
  // A Signed() that fits.
  int32_t Small();

  bool Flag() { return Number(1) == 1; }

  // How many items follow, each of at least `least` bytes.
  std::size_t Count(std::size_t least) { return Number(rest_.size() / least); }

  std::string Text();
  std::vector<std::string> Texts();
  // Exactly `length` bytes.
  std::string_view Raw(std::size_t length);

  // Marks the bytes as wrong, for rules that the caller checks. Answers zero.
  uint64_t Fail();

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace fettle
