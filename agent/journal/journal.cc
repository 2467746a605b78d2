// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/journal/frames.h"
#include "agent/journal/record.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::journal {
namespace {

constexpr std::string_view kMagic = "FTLJRNL2";
// The log is rewritten when it is larger than this and has grown fourfold since it was last
// rewritten or read.
constexpr uint64_t kRewriteFrom = 1 << 20;
constexpr uint64_t kRewriteGrowth = 4;

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& directory) {
  RETURN_IF_ERROR(Annotate(MakePrivateDirectory(directory), "journal"));
  std::unique_ptr<Journal> journal(new Journal(directory));
  // Whatever mends the log needs the lock: another process may be in the middle of a record.
  const absl::StatusOr<RunLock> lock =
      RunLock::Take(journal->LockPath(), "opening the journal", Deadline::Expired());
  if (absl::IsUnavailable(lock.status())) {
    RETURN_IF_ERROR(Annotate(journal->Look(), "journal"));
    return journal;
  }
  RETURN_IF_ERROR(Annotate(lock.status(), "journal"));
  RETURN_IF_ERROR(Annotate(journal->Load(), "journal"));
  return journal;
}

std::unique_ptr<Journal> Journal::InMemory() {
  return std::unique_ptr<Journal>(new Journal(""));
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::ReadOnly(const std::string& directory) {
  std::unique_ptr<Journal> journal(new Journal(directory));
  journal->writable_ = false;
  RETURN_IF_ERROR(Annotate(journal->Look(), "journal"));
  return journal;
}

absl::Status Journal::Look() {
  const absl::StatusOr<std::string> bytes = ReadWhole(LogPath());
  if (absl::IsNotFound(bytes.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(bytes.status());
  if (const absl::Status status = Replay(*bytes); !status.ok()) {
    messages_.push_back(
        fmt::format("{}; what was known of earlier runs is ignored", Message(status)));
    knowledge_ = Knowledge();
  }
  return absl::OkStatus();
}

absl::Status Journal::Load() {
  log_.Close();
  size_ = 0;
  dirty_ = false;
  knowledge_ = Knowledge();
  ASSIGN_OR_RETURN(log_, OpenForAppend(LogPath()));
  ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(LogPath()));
  if (const absl::Status status = Replay(bytes); !status.ok()) {
    messages_.emplace_back(Message(status));
    knowledge_ = Knowledge();
    return MoveAside();
  }
  if (size_ < kMagic.size()) {
    return Rewrite();
  }
  if (size_ < bytes.size() && ::ftruncate(log_.fd(), static_cast<off_t>(size_)) != 0) {
    return ErrnoStatus("cut the torn end of", LogPath());
  }
  size_rewritten_ = size_;
  return absl::OkStatus();
}

// Adds up what `bytes` say and sets size_ to the end of the last whole record.
absl::Status Journal::Replay(const std::string& bytes) {
  const std::string_view head = std::string_view(bytes).substr(0, kMagic.size());
  if (head.size() < kMagic.size() && kMagic.starts_with(head)) {
    return absl::OkStatus();
  }
  if (head != kMagic) {
    return InvalidArgument("{} is no journal of this version of fettle", LogPath());
  }
  const Frames frames = ReadFrames(std::string_view(bytes).substr(kMagic.size()));
  if (frames.damaged) {
    return InvalidArgument("{} is damaged after {} bytes (of {})",
                           LogPath(),
                           kMagic.size() + frames.good_bytes,
                           bytes.size());
  }
  for (const std::string_view payload : frames.payloads) {
    const absl::StatusOr<Record> record = DecodeRecord(payload);
    RETURN_IF_ERROR(Annotate(record.status(), LogPath()));
    knowledge_.Add(*record);
  }
  size_ = kMagic.size() + frames.good_bytes;
  return absl::OkStatus();
}

absl::Status Journal::MoveAside() {
  const std::string aside = fmt::format("{}.damaged-{}", LogPath(), NewId());
  if (::rename(LogPath().c_str(), aside.c_str()) != 0) {
    return ErrnoStatus("move aside", LogPath());
  }
  messages_.back() += fmt::format(
      "; moved to {}, going on without knowledge of earlier runs (refreshes that were pending are "
      "lost)",
      aside);
  return Rewrite();
}

bool Journal::OthersWrote() const {
  struct stat ours {};

  struct stat there {};

  if (!log_.open() || ::fstat(log_.fd(), &ours) != 0 || ::stat(LogPath().c_str(), &there) != 0) {
    return true;
  }
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev ||
         static_cast<uint64_t>(there.st_size) != size_;
}

absl::Status Journal::Begin(std::string_view holder,
                            Deadline deadline,
                            const std::function<void(const std::string&)>& waiting) {
  if (directory_.empty()) {
    return absl::OkStatus();
  }
  if (!writable_) {
    return FailedPrecondition("the journal of {} was opened for reading only", directory_);
  }
  ASSIGN_OR_RETURN(RunLock lock, RunLock::Take(LockPath(), holder, deadline, waiting));
  if (OthersWrote()) {
    RETURN_IF_ERROR(Annotate(Load(), "journal"));
  }
  lock_ = std::move(lock);
  return absl::OkStatus();
}

absl::Status Journal::Write(const Record& record) {
  if (directory_.empty()) {
    return absl::OkStatus();
  }
  if (!lock_.has_value()) {
    return Internal("the journal was written to outside of a run");
  }
  std::string frame;
  AppendFrame(EncodeRecord(record), &frame);
  const absl::Status status = WriteAll(log_, frame, LogPath());
  if (!status.ok()) {
    // A part of the frame may be there: take it away, or what follows could not be read.
    if (::ftruncate(log_.fd(), static_cast<off_t>(size_)) != 0) {
      log_.Close();
    }
    return Annotate(status, "journal");
  }
  size_ += frame.size();
  dirty_ = true;
  return absl::OkStatus();
}

absl::Status Journal::Intend(const Intent& intent) {
  RETURN_IF_ERROR(Write(intent));
  if (!directory_.empty()) {
    RETURN_IF_ERROR(Annotate(SyncData(log_, LogPath()), "journal"));
    dirty_ = false;
  }
  knowledge_.Add(intent);
  return absl::OkStatus();
}

absl::Status Journal::Add(const Record& record) {
  RETURN_IF_ERROR(Write(record));
  knowledge_.Add(record);
  return absl::OkStatus();
}

absl::Status Journal::End() {
  if (directory_.empty()) {
    return absl::OkStatus();
  }
  absl::Status status;
  if (dirty_) {
    status = Annotate(SyncData(log_, LogPath()), "journal");
    dirty_ = !status.ok();
  }
  if (status.ok() && size_ > std::max(kRewriteFrom, kRewriteGrowth * size_rewritten_)) {
    status = Annotate(Rewrite(), "journal");
  }
  lock_.reset();
  return status;
}

absl::Status Journal::Rewrite() {
  std::string bytes(kMagic);
  for (const Record& record : knowledge_.Compact()) {
    AppendFrame(EncodeRecord(record), &bytes);
  }
  RETURN_IF_ERROR(ReplaceWhole(LogPath(), bytes));
  ASSIGN_OR_RETURN(log_, OpenForAppend(LogPath()));
  size_ = bytes.size();
  size_rewritten_ = size_;
  dirty_ = false;
  return absl::OkStatus();
}

std::vector<std::string> Journal::TakeMessages() {
  return std::exchange(messages_, {});
}

}  // namespace fettle::journal
