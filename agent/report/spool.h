// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/journal/disk.h"
#include "agent/report/segment.h"
#include "lib/base/clock.h"

namespace fettle::report {

struct SpoolLimits {
  uint64_t max_bytes = 64U << 20;
  uint64_t segment_bytes = 1U << 20;  // A segment is closed when it has grown to this.
};

// Records that the server does not have yet, in a folder of its own: appended, synced, and kept
// until they are acknowledged. (epoch, sequence) names a record for ever; sequences rise, with gaps
// where something was dropped. Survives kill -9 and power loss at any instruction; a record whose
// Append() returned is there. What the last write left half done is dropped. One thread at a time,
// one process.
class Spool {
 public:
  // Opens or makes it. With lost or damaged files a new epoch begins, so that no name is used
  // twice; what can still be read is kept, what was found is said in TakeMessages().
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const std::string& directory,
                                                     const SpoolLimits& limits,
                                                     const Clock& clock);

  const std::string& epoch() const { return epoch_; }

  // Of the next record.
  uint64_t next_sequence() const { return next_; }

  // How many records wait, and their bytes on disk.
  uint64_t waiting() const;

  uint64_t bytes() const { return bytes_; }

  // How many records were dropped for want of room since this was opened.
  uint64_t dropped() const { return dropped_; }

  // Keeps a record; on disk when it returns its sequence. When the spool is full, plain records are
  // dropped first, the oldest first, then grave ones; a plain record finds no room among grave ones
  // (kFailedPrecondition). kInvalidArgument when it is larger than a quarter of the spool.
  absl::StatusOr<uint64_t> Append(Weight weight, std::string body);

  // The oldest records from sequence `from` on that were not acknowledged, in order, up to about
  // `most_bytes` (at least one if there is one).
  absl::StatusOr<std::vector<SpoolRecord>> Unacknowledged(uint64_t from, uint64_t most_bytes) const;

  // Everything of this epoch up to `sequence` is stored elsewhere: forgets it.
  absl::Status Acknowledge(uint64_t sequence);

  // The server has seen sequences of this epoch that we have not given yet: we were restored from a
  // copy, or copied. Begins a new epoch in which everything that waits is numbered anew from 1.
  absl::Status Renumber();

  // What the owner of the host should know, since the last call.
  std::vector<std::string> TakeMessages();

 private:
  struct Segment {
    uint64_t first = 0;
    uint64_t bytes = 0;
    std::vector<SpoolPlace> places;
  };

  Spool(std::string directory, const SpoolLimits& limits, const Clock& clock)
      : directory_(std::move(directory)), limits_(limits), clock_(clock) {}

  std::string EpochFile() const { return directory_ + "/epoch"; }

  std::string Folder() const { return directory_ + "/" + epoch_; }

  std::string PathOf(const Segment& segment) const {
    return Folder() + "/" + SegmentName(segment.first);
  }

  absl::Status Load();
  absl::StatusOr<bool> ReadEpoch();
  absl::Status WriteEpoch();
  // Reads all segments of the folder; true when something that had been written is gone.
  absl::StatusOr<bool> ReadSegments();
  absl::StatusOr<bool> ReadSegment(const std::string& name, bool last);
  absl::Status DropStrangers() const;
  absl::Status OpenNewSegment();
  absl::Status Write(const SpoolRecord& record);
  absl::Status UndoWrite(Segment* segment);
  absl::Status RemoveFirst();
  absl::StatusOr<std::vector<SpoolRecord>> ReadRecords(const Segment& segment) const;

  // spool_room.cc
  absl::Status MakeRoom(uint64_t bytes, Weight weight);
  absl::Status DropPlain(Segment* segment);

  const std::string directory_;
  const SpoolLimits limits_;
  const Clock& clock_;
  std::string epoch_;
  uint64_t acknowledged_ = 0;
  uint64_t next_ = 1;
  uint64_t bytes_ = 0;
  uint64_t dropped_ = 0;
  std::deque<Segment> segments_;  // Oldest first.
  journal::File open_;            // The last segment, if it is being appended to.
  std::vector<std::string> messages_;
};

}  // namespace fettle::report
