// SPDX-License-Identifier: Apache-2.0
// What the spool does when it is full.
#include <algorithm>

#include "agent/report/spool.h"
#include "lib/base/status_macros.h"

namespace fettle::report {

absl::Status Spool::MakeRoom(uint64_t bytes, Weight weight) {
  const auto full = [&] { return bytes_ + bytes > limits_.max_bytes; };
  const auto last_of_first = [&] {
    return segments_.front().places.empty() ? 0 : segments_.front().places.back().sequence;
  };
  // What was acknowledged but shares a segment with what was not.
  while (full() && !segments_.empty() && last_of_first() <= acknowledged_) {
    RETURN_IF_ERROR(WriteEpoch());
    RETURN_IF_ERROR(RemoveFirst());
  }
  for (std::size_t i = 0; i < segments_.size() && full(); ++i) {
    RETURN_IF_ERROR(DropPlain(&segments_[i]));
  }
  if (full() && weight == Weight::kPlain) {
    ++dropped_;
    return FailedPrecondition(
        "full with {} bytes of failures, changes and drift that the server has not taken; a report "
        "that says nothing of the kind is dropped",
        bytes_);
  }
  while (full() && !segments_.empty()) {
    // Sequences must not be given again, although nothing will be left to tell them.
    acknowledged_ = std::max(acknowledged_, last_of_first());
    RETURN_IF_ERROR(WriteEpoch());
    dropped_ += segments_.front().places.size();
    RETURN_IF_ERROR(RemoveFirst());
  }
  return absl::OkStatus();
}

absl::Status Spool::DropPlain(Segment* segment) {
  const auto plain = [&](const SpoolPlace& place) {
    return place.weight == Weight::kPlain || place.sequence <= acknowledged_;
  };
  // The last sequence of the newest segment is what tells the next one after a restart.
  const bool newest = segment == &segments_.back();
  const auto is_last = [&](const SpoolPlace& place) {
    return newest && place.sequence == segment->places.back().sequence;
  };
  if (std::none_of(segment->places.begin(), segment->places.end(), [&](const SpoolPlace& place) {
        return plain(place) && !is_last(place);
      })) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<SpoolRecord> records, ReadRecords(*segment));
  std::string bytes;
  std::vector<SpoolPlace> kept;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const SpoolPlace& place = segment->places[i];
    if (plain(place) && !is_last(place)) {
      dropped_ += place.sequence > acknowledged_ ? 1 : 0;
      continue;
    }
    kept.push_back(place);
    bytes += EncodeSpoolRecord(records[i]);
  }
  if (newest) {
    open_ = journal::File();  // It is another file from now on.
  }
  RETURN_IF_ERROR(journal::ReplaceWhole(PathOf(*segment), bytes));
  bytes_ -= segment->bytes - bytes.size();
  segment->bytes = bytes.size();
  segment->places = std::move(kept);
  return absl::OkStatus();
}

}  // namespace fettle::report
