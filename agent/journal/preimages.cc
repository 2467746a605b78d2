// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/preimages.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::journal {
namespace {

constexpr std::size_t kMostEntries = 20'000;

std::string Encode(const Preimage& preimage) {
  ByteWriter out;
  out.Text(preimage.run);
  out.Text(preimage.resource);
  out.Text(preimage.path);
  out.Signed(absl::ToUnixMicros(preimage.at));
  out.Flag(preimage.existed);
  out.Raw(preimage.content.Raw());
  out.Number(preimage.mode);
  out.Number(preimage.uid);
  out.Number(preimage.gid);
  return out.Take();
}

bool Decode(std::string_view bytes, Preimage* preimage) {
  ByteReader in(bytes);
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  preimage->run = in.Text();
  preimage->resource = in.Text();
  preimage->path = in.Text();
  preimage->at = absl::FromUnixMicros(in.Signed());
  preimage->existed = in.Flag();
  if (const absl::StatusOr<Digest> digest = Digest::FromRaw(in.Raw(32)); digest.ok()) {
    preimage->content = *digest;
  }
  preimage->mode = static_cast<uint32_t>(in.Number(kMost));
  preimage->uid = static_cast<uint32_t>(in.Number(kMost));
  preimage->gid = static_cast<uint32_t>(in.Number(kMost));
  return !in.failed() && in.at_end();
}

// 0 when there is none.
uint64_t SizeOf(const std::string& path) {
  struct stat found {};

  return ::stat(path.c_str(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

}  // namespace

absl::Status Preimages::Keep(const Preimage& preimage, std::string_view content) {
  RETURN_IF_ERROR(MakePrivateDirectory(directory_));
  if (!preimage.content.empty() && ::access(ContentPath(preimage.content).c_str(), F_OK) != 0) {
    RETURN_IF_ERROR(WriteUnsynced(ContentPath(preimage.content), content));
  }
  std::string frame;
  AppendFrame(Encode(preimage), &frame);
  ASSIGN_OR_RETURN(const File log, OpenForAppend(LogPath()));
  return WriteAll(log, frame, LogPath());
}

absl::Status Preimages::Sync() {
  ASSIGN_OR_RETURN(const File log, OpenForAppend(LogPath()));
  return ::syncfs(log.fd()) == 0 ? absl::OkStatus()
                                 : ErrnoStatus("sync the file system of", LogPath());
}

absl::StatusOr<std::vector<Preimage>> Preimages::ReadLog() const {
  std::vector<Preimage> preimages;
  const absl::StatusOr<std::string> bytes = ReadWhole(LogPath());
  if (absl::IsNotFound(bytes.status())) {
    return preimages;
  }
  RETURN_IF_ERROR(bytes.status());
  for (const std::string_view payload : ReadFrames(*bytes).payloads) {
    Preimage preimage;
    if (Decode(payload, &preimage)) {
      preimages.push_back(std::move(preimage));
    }
  }
  return preimages;
}

absl::StatusOr<std::vector<Preimage>> Preimages::OfRun(std::string_view run) const {
  ASSIGN_OR_RETURN(std::vector<Preimage> preimages, ReadLog());
  std::erase_if(preimages, [run](const Preimage& preimage) { return preimage.run != run; });
  return preimages;
}

absl::StatusOr<std::string> Preimages::Content(const Digest& digest) const {
  ASSIGN_OR_RETURN(std::string content, ReadWhole(ContentPath(digest)));
  if (Sha256(content) != digest) {
    return FailedPrecondition("{} is damaged: its content is not what its name says",
                              ContentPath(digest));
  }
  return content;
}

absl::Status Preimages::Trim() {
  ASSIGN_OR_RETURN(const std::vector<Preimage> preimages, ReadLog());
  std::set<Digest> kept;
  std::set<Digest> dropped;
  uint64_t total = 0;
  std::size_t first_kept = preimages.size();
  for (std::size_t i = preimages.size(); i > 0; --i) {
    const Digest& digest = preimages[i - 1].content;
    const bool is_new = !digest.empty() && !kept.contains(digest);
    total += is_new ? SizeOf(ContentPath(digest)) : 0;
    if (total > max_bytes_ || preimages.size() - i >= kMostEntries) {
      break;
    }
    kept.insert(digest);
    first_kept = i - 1;
  }
  if (first_kept == 0) {
    return absl::OkStatus();
  }
  std::string log;
  for (std::size_t i = first_kept; i < preimages.size(); ++i) {
    AppendFrame(Encode(preimages[i]), &log);
  }
  RETURN_IF_ERROR(ReplaceWhole(LogPath(), log));
  for (std::size_t i = 0; i < first_kept; ++i) {
    const Digest& digest = preimages[i].content;
    if (!digest.empty() && !kept.contains(digest) && dropped.insert(digest).second) {
      ::unlink(ContentPath(digest).c_str());
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::journal
