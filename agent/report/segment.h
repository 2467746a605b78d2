// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::report {

// What happens to a record when the spool is full.
enum class Weight : uint8_t {
  kPlain,  // Says that all is well, or what can be told again: goes first.
  kGrave,  // A change, a failure, drift, a refusal: goes last.
};

// One record of the spool.
struct SpoolRecord {
  uint64_t sequence = 0;
  absl::Time recorded;
  Weight weight = Weight::kPlain;
  std::string body;
};

// Where a record lies in its segment.
struct SpoolPlace {
  uint64_t sequence = 0;
  Weight weight = Weight::kPlain;
  uint64_t bytes = 0;  // Of its frame.
};

// The frame of one record, as it stands in a segment's file.
std::string EncodeSpoolRecord(const SpoolRecord& record);

// What a segment's file holds.
struct SegmentContent {
  std::vector<SpoolRecord> records;
  uint64_t good_bytes = 0;  // The end of the last whole record.
  bool torn = false;        // Something follows that a write cut short can have left.
  bool damaged = false;     // Something follows that it cannot have left.
};

SegmentContent DecodeSegment(std::string_view bytes);

// The name of the segment that begins with `first`: sorts by sequence.
std::string SegmentName(uint64_t first);

// The inverse; false for any other name.
bool ParseSegmentName(std::string_view name, uint64_t* first);

// The names in a directory, sorted. kNotFound when it is missing.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory);

// Removes a directory that holds files alone. OK when there is none.
absl::Status RemoveFolder(const std::string& directory);

}  // namespace fettle::report
