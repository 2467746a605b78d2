// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/pause.h"

#include <errno.h>
#include <unistd.h>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::agent {

Pause::Pause(std::string path) : path_(std::move(path)) {
  const std::string bytes = journal::ReadWhole(path_).value_or("");
  const journal::Frames frames = journal::ReadFrames(bytes);
  if (frames.payloads.empty()) {
    return;
  }
  ByteReader reader(frames.payloads.front());
  const absl::Time until = absl::FromUnixSeconds(reader.Signed());
  const std::string reason = reader.Text();
  if (!reader.failed() && reader.at_end()) {
    until_ = until;
    reason_ = reason;
  }
}

absl::Status Pause::Begin(absl::Time now, absl::Duration span, const std::string& reason) {
  if (Trim(reason).empty()) {
    return InvalidArgument("a pause wants a reason, for those who wonder later");
  }
  if (span <= absl::ZeroDuration() || span > kLongest) {
    return InvalidArgument("a pause lasts more than nothing and at most {}",
                           absl::FormatDuration(kLongest));
  }
  const absl::Time until = now + span;
  ByteWriter writer;
  writer.Signed(absl::ToUnixSeconds(until));
  writer.Text(reason);
  std::string bytes;
  journal::AppendFrame(writer.bytes(), &bytes);
  RETURN_IF_ERROR(journal::ReplaceWhole(path_, bytes));
  until_ = until;
  reason_ = reason;
  return absl::OkStatus();
}

absl::Status Pause::End() {
  until_.reset();
  reason_.clear();
  return ::unlink(path_.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                         : journal::ErrnoStatus("remove", path_);
}

}  // namespace fettle::agent
