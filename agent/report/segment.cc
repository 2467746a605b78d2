// SPDX-License-Identifier: Apache-2.0
#include "agent/report/segment.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::report {
namespace {

constexpr std::string_view kSuffix = ".segment";
constexpr std::size_t kDigits = 20;

bool DecodeRecord(std::string_view payload, SpoolRecord* record) {
  ByteReader reader(payload);
  record->sequence = reader.Number();
  record->recorded = absl::FromUnixMicros(reader.Signed());
  record->weight = reader.Flag() ? Weight::kGrave : Weight::kPlain;
  record->body = reader.Text();
  return !reader.failed() && reader.at_end() && record->sequence != 0;
}

}  // namespace

std::string EncodeSpoolRecord(const SpoolRecord& record) {
  ByteWriter writer;
  writer.Number(record.sequence);
  writer.Signed(absl::ToUnixMicros(record.recorded));
  writer.Flag(record.weight == Weight::kGrave);
  writer.Text(record.body);
  std::string frame;
  journal::AppendFrame(writer.bytes(), &frame);
  return frame;
}

SegmentContent DecodeSegment(std::string_view bytes) {
  SegmentContent content;
  const journal::Frames frames = journal::ReadFrames(bytes);
  uint64_t last = 0;
  for (const std::string_view payload : frames.payloads) {
    SpoolRecord record;
    if (!DecodeRecord(payload, &record) || record.sequence <= last) {
      content.damaged = true;
      return content;
    }
    last = record.sequence;
    content.good_bytes =
        static_cast<uint64_t>(payload.data() + payload.size() - bytes.data());  // End of its frame.
    content.records.push_back(std::move(record));
  }
  content.damaged = frames.damaged;
  content.torn = !frames.damaged && frames.good_bytes != bytes.size();
  return content;
}

std::string SegmentName(uint64_t first) {
  return fmt::format("{:020}{}", first, kSuffix);
}

bool ParseSegmentName(std::string_view name, uint64_t* first) {
  int64_t number = 0;
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix) ||
      !ParseInt(name.substr(0, kDigits), &number) || number <= 0) {
    return false;
  }
  *first = static_cast<uint64_t>(number);
  return true;
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (open == nullptr) {
    return journal::ErrnoStatus("open", directory);
  }
  std::vector<std::string> names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): each stream has one reader; glibc then is safe.
  while (const dirent* const entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status RemoveFolder(const std::string& directory) {
  const auto names = NamesIn(directory);
  if (absl::IsNotFound(names.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return journal::ErrnoStatus("remove", path);
    }
  }
  return ::rmdir(directory.c_str()) == 0 || errno == ENOENT
             ? absl::OkStatus()
             : journal::ErrnoStatus("remove", directory);
}

}  // namespace fettle::report
