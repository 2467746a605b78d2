// SPDX-License-Identifier: Apache-2.0
#include "agent/report/spool.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::report {

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const std::string& directory,
                                                   const SpoolLimits& limits,
                                                   const Clock& clock) {
  RETURN_IF_ERROR(journal::MakePrivateDirectory(directory));
  std::unique_ptr<Spool> spool(new Spool(directory, limits, clock));
  RETURN_IF_ERROR(Annotate(spool->Load(), "spool"));
  return spool;
}

absl::Status Spool::Load() {
  ASSIGN_OR_RETURN(const bool known, ReadEpoch());
  if (!known) {
    epoch_ = NewId();
    RETURN_IF_ERROR(journal::MakePrivateDirectory(Folder()));
    RETURN_IF_ERROR(WriteEpoch());
    return DropStrangers();
  }
  RETURN_IF_ERROR(journal::MakePrivateDirectory(Folder()));
  ASSIGN_OR_RETURN(const bool lost, ReadSegments());
  next_ = std::max(next_, acknowledged_ + 1);
  if (lost) {
    RETURN_IF_ERROR(Renumber());
  }
  return DropStrangers();
}

// False: there is no epoch to go on with.
absl::StatusOr<bool> Spool::ReadEpoch() {
  const auto bytes = journal::ReadWhole(EpochFile());
  if (absl::IsNotFound(bytes.status())) {
    return false;
  }
  RETURN_IF_ERROR(bytes.status());
  const journal::Frames frames = journal::ReadFrames(*bytes);
  ByteReader reader(frames.payloads.empty() ? std::string_view() : frames.payloads.front());
  epoch_ = reader.Text();
  acknowledged_ = reader.Number();
  if (reader.failed() || epoch_.empty() || epoch_.find('/') != std::string::npos) {
    messages_.push_back(fmt::format(
        "{} is damaged; beginning a new one, reports that were waiting are lost", EpochFile()));
    acknowledged_ = 0;
    return false;
  }
  return true;
}

absl::Status Spool::WriteEpoch() {
  ByteWriter writer;
  writer.Text(epoch_);
  writer.Number(acknowledged_);
  std::string bytes;
  journal::AppendFrame(writer.bytes(), &bytes);
  return journal::ReplaceWhole(EpochFile(), bytes);
}

absl::StatusOr<bool> Spool::ReadSegments() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(Folder()));
  bool lost = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(const bool damaged, ReadSegment(names[i], i + 1 == names.size()));
    lost = lost || damaged;
  }
  return lost;
}

absl::StatusOr<bool> Spool::ReadSegment(const std::string& name, bool last) {
  const std::string path = Folder() + "/" + name;
  Segment segment;
  if (!ParseSegmentName(name, &segment.first)) {
    ::unlink(path.c_str());  // Left by a rewrite that was interrupted.
    return false;
  }
  ASSIGN_OR_RETURN(const std::string bytes, journal::ReadWhole(path));
  const SegmentContent content = DecodeSegment(bytes);
  for (const SpoolRecord& record : content.records) {
    segment.places.push_back({record.sequence, record.weight, EncodeSpoolRecord(record).size()});
    next_ = std::max(next_, record.sequence + 1);
  }
  segment.bytes = content.good_bytes;
  const bool damaged = content.damaged || (content.torn && !last);
  if (damaged) {
    messages_.push_back(fmt::format(
        "{} is damaged after {} records; the rest of it is lost", path, content.records.size()));
  }
  // Never append after a torn or damaged tail: what follows it would not be found again.
  if (content.good_bytes != bytes.size()) {
    RETURN_IF_ERROR(
        journal::ReplaceWhole(path, std::string_view(bytes).substr(0, content.good_bytes)));
  }
  bytes_ += segment.bytes;
  segments_.push_back(std::move(segment));
  return damaged;
}

// Folders of other epochs: left by a renumbering that was interrupted, or no longer wanted.
absl::Status Spool::DropStrangers() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(directory_));
  for (const std::string& name : names) {
    if (name != "epoch" && name != epoch_ && name != "epoch.new") {
      RETURN_IF_ERROR(RemoveFolder(directory_ + "/" + name));
    }
  }
  return absl::OkStatus();
}

uint64_t Spool::waiting() const {
  uint64_t count = 0;
  for (const Segment& segment : segments_) {
    if (segment.places.empty() || segment.places.back().sequence <= acknowledged_) {
      continue;
    }
    for (const SpoolPlace& place : segment.places) {
      count += place.sequence > acknowledged_ ? 1 : 0;
    }
  }
  return count;
}

absl::StatusOr<uint64_t> Spool::Append(Weight weight, std::string body) {
  const SpoolRecord record{next_, clock_.Now(), weight, std::move(body)};
  const uint64_t bytes = EncodeSpoolRecord(record).size();
  if (bytes > limits_.max_bytes / 4) {
    return InvalidArgument("a report of {} bytes is too large for a spool of {}; it is dropped",
                           bytes,
                           limits_.max_bytes);
  }
  RETURN_IF_ERROR(Annotate(MakeRoom(bytes, weight), "spool"));
  RETURN_IF_ERROR(Annotate(Write(record), "spool"));
  return next_++;
}

absl::Status Spool::OpenNewSegment() {
  Segment segment;
  segment.first = next_;
  open_ = journal::File();
  if (!segments_.empty() && segments_.back().first == next_) {
    segments_.pop_back();  // Nothing of it was ever whole.
  }
  const std::string path = PathOf(segment);
  // Made whole and synced with its name, so that later appends need only sync their data.
  RETURN_IF_ERROR(journal::ReplaceWhole(path, ""));
  ASSIGN_OR_RETURN(open_, journal::OpenForAppend(path));
  segments_.push_back(std::move(segment));
  return absl::OkStatus();
}

absl::Status Spool::Write(const SpoolRecord& record) {
  if (!open_.open() || segments_.empty() || segments_.back().bytes >= limits_.segment_bytes) {
    RETURN_IF_ERROR(OpenNewSegment());
  }
  Segment& segment = segments_.back();
  const std::string frame = EncodeSpoolRecord(record);
  const std::string path = PathOf(segment);
  absl::Status status = journal::WriteAll(open_, frame, path);
  if (status.ok()) {
    status = journal::SyncData(open_, path);
  }
  if (!status.ok()) {
    RETURN_IF_ERROR(UndoWrite(&segment));
    return status;
  }
  segment.places.push_back({record.sequence, record.weight, frame.size()});
  segment.bytes += frame.size();
  bytes_ += frame.size();
  return absl::OkStatus();
}

// A full disk leaves half a frame. Without it the segment is as before; if even that fails, the
// next record goes to a new one.
absl::Status Spool::UndoWrite(Segment* segment) {
  if (::ftruncate(open_.fd(), static_cast<off_t>(segment->bytes)) != 0) {
    open_ = journal::File();
    return journal::ErrnoStatus("cut short", PathOf(*segment));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SpoolRecord>> Spool::ReadRecords(const Segment& segment) const {
  ASSIGN_OR_RETURN(const std::string bytes, journal::ReadWhole(PathOf(segment)));
  SegmentContent content = DecodeSegment(bytes);
  if (content.records.size() != segment.places.size()) {
    return absl::DataLossError(
        fmt::format("{} holds {} records of {}: somebody changed it, or the disk lost them",
                    PathOf(segment),
                    content.records.size(),
                    segment.places.size()));
  }
  return std::move(content.records);
}

absl::StatusOr<std::vector<SpoolRecord>> Spool::Unacknowledged(uint64_t from,
                                                               uint64_t most_bytes) const {
  const uint64_t first = std::max(from, acknowledged_ + 1);
  std::vector<SpoolRecord> answer;
  uint64_t bytes = 0;
  for (const Segment& segment : segments_) {
    if (segment.places.empty() || segment.places.back().sequence < first) {
      continue;
    }
    ASSIGN_OR_RETURN(std::vector<SpoolRecord> records, ReadRecords(segment));
    for (SpoolRecord& record : records) {
      if (record.sequence < first) {
        continue;
      }
      bytes += record.body.size();
      if (bytes > most_bytes && !answer.empty()) {
        return answer;
      }
      answer.push_back(std::move(record));
    }
  }
  return answer;
}

absl::Status Spool::RemoveFirst() {
  const Segment& segment = segments_.front();
  const std::string path = PathOf(segment);
  if (segments_.size() == 1) {
    open_ = journal::File();
  }
  if (::unlink(path.c_str()) != 0) {
    return journal::ErrnoStatus("remove", path);
  }
  bytes_ -= segment.bytes;
  segments_.pop_front();
  return absl::OkStatus();
}

absl::Status Spool::Acknowledge(uint64_t sequence) {
  // What was never given cannot be acknowledged: that is Renumber()'s case.
  acknowledged_ = std::max(acknowledged_, std::min(sequence, next_ - 1));
  const auto done = [&] {
    return !segments_.empty() &&
           (segments_.front().places.empty() ||
            segments_.front().places.back().sequence <= acknowledged_) &&
           (segments_.size() > 1 || segments_.front().bytes >= limits_.segment_bytes / 16);
  };
  if (!done()) {
    return absl::OkStatus();
  }
  // First the number, then the records: otherwise a crash in between would give numbers again.
  RETURN_IF_ERROR(Annotate(WriteEpoch(), "spool"));
  while (done()) {
    RETURN_IF_ERROR(Annotate(RemoveFirst(), "spool"));
  }
  return absl::OkStatus();
}

absl::Status Spool::Renumber() {
  ASSIGN_OR_RETURN(std::vector<SpoolRecord> records,
                   Unacknowledged(0, std::numeric_limits<uint64_t>::max()));
  const std::string old_folder = Folder();
  const std::string old_epoch = std::exchange(epoch_, NewId());
  RETURN_IF_ERROR(journal::MakePrivateDirectory(Folder()));
  Segment segment;
  segment.first = 1;
  std::string bytes;
  for (SpoolRecord& record : records) {
    record.sequence = segment.places.size() + 1;
    const std::string frame = EncodeSpoolRecord(record);
    segment.places.push_back({record.sequence, record.weight, frame.size()});
    bytes += frame;
  }
  segment.bytes = bytes.size();
  RETURN_IF_ERROR(journal::ReplaceWhole(PathOf(segment), bytes));
  acknowledged_ = 0;
  RETURN_IF_ERROR(WriteEpoch());  // From here on it is the new one.
  open_ = journal::File();
  segments_.clear();
  bytes_ = segment.bytes;
  next_ = segment.places.size() + 1;
  segments_.push_back(std::move(segment));
  messages_.push_back(fmt::format("the reports that wait ({}) are numbered anew: epoch {} after {}",
                                  records.size(),
                                  epoch_,
                                  old_epoch));
  return RemoveFolder(old_folder);
}

std::vector<std::string> Spool::TakeMessages() {
  return std::exchange(messages_, {});
}

}  // namespace fettle::report
