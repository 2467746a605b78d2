// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/hold.h"

#include <errno.h>
#include <unistd.h>

#include <vector>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

std::string PathIn(const std::string& state_dir) {
  return state_dir + "/hold";
}

}  // namespace

std::optional<Hold> ReadHold(const std::string& state_dir) {
  const std::string bytes = journal::ReadWhole(PathIn(state_dir)).value_or("");
  const journal::Frames frames = journal::ReadFrames(bytes);
  if (frames.payloads.empty()) {
    return std::nullopt;
  }
  ByteReader in(frames.payloads.front());
  Hold hold;
  hold.revision = in.Text();
  hold.run = in.Text();
  hold.reason = in.Text();
  hold.at = absl::FromUnixMicros(in.Signed());
  for (std::string& resource : in.Texts()) {
    hold.resources.insert(std::move(resource));
  }
  hold.until_connected = !in.at_end() && in.Flag();
  return in.failed() ? std::nullopt : std::optional(std::move(hold));
}

absl::Status WriteHold(const std::string& state_dir, const Hold& hold) {
  ByteWriter out;
  out.Text(hold.revision);
  out.Text(hold.run);
  out.Text(hold.reason);
  out.Signed(absl::ToUnixMicros(hold.at));
  out.Texts({hold.resources.begin(), hold.resources.end()});
  out.Flag(hold.until_connected);
  std::string bytes;
  journal::AppendFrame(out.bytes(), &bytes);
  return journal::ReplaceWhole(PathIn(state_dir), bytes);
}

absl::Status DropHold(const std::string& state_dir) {
  const std::string path = PathIn(state_dir);
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus()
                                                        : journal::ErrnoStatus("remove", path);
}

}  // namespace fettle::undo
