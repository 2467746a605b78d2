// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/store.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "agent/journal/frames.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/pki/seal.h"

namespace fettle::undo {
namespace {

using journal::ErrnoStatus;

constexpr std::string_view kRunSuffix = ".run";
constexpr std::string_view kContentPlace = "content";

absl::StatusOr<std::string> LoadKey(const std::string& path) {
  absl::StatusOr<std::string> key = journal::ReadWhole(path);
  if (absl::IsNotFound(key.status())) {
    key = RandomBytes(pki::kSealKeyBytes);
    RETURN_IF_ERROR(journal::ReplaceWhole(path, *key));
  }
  if (key.ok() && key->size() != pki::kSealKeyBytes) {
    return FailedPrecondition(
        "{} is damaged: what was kept for undoing can't be read; remove the folder to begin anew",
        path);
  }
  return key;
}

absl::StatusOr<std::vector<std::string>> Names(const std::string& directory) {
  std::vector<std::string> names;
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) {
    return ErrnoStatus("open", directory);
  }
  // One thread reads this stream.
  while (const dirent* const entry = ::readdir(stream)) {  // NOLINT(concurrency-mt-unsafe)
    names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

// 0 when there is none.
uint64_t SizeOf(const std::string& path) {
  struct stat found {};

  return ::stat(path.c_str(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

bool IsRunId(const std::string& run) {
  return !run.empty() &&
         std::all_of(run.begin(), run.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

// Digests of all contents that a run may need.
void AddContents(const RunRecord& run, std::set<Digest>* digests) {
  for (const Change& change : run.changes) {
    for (const ThingBefore& one : change.things) {
      if (!IsFiles(one.thing.kind)) {
        continue;
      }
      for (const auto& [part, bytes] : one.before) {
        digests->insert(DecodeFile(bytes).content);
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& directory,
                                                   const Bounds& bounds) {
  RETURN_IF_ERROR(journal::MakePrivateDirectory(directory + "/contents"));
  ASSIGN_OR_RETURN(std::string key, LoadKey(directory + "/key"));
  return std::unique_ptr<Store>(new Store(directory, std::move(key), bounds));
}

// The name is a keyed digest, so that nobody without the key can try what a content may have been.
std::string Store::ContentPath(const Digest& digest) const {
  return fmt::format("{}/contents/{}", directory_, Sha256(key_ + std::string(digest.Raw())).Hex());
}

absl::Status Store::OpenRun(const std::string& run) {
  if (open_run_ == run && file_.open()) {
    return absl::OkStatus();
  }
  if (!IsRunId(run)) {
    return InvalidArgument("\"{}\" is no run", run);
  }
  RETURN_IF_ERROR(Sync());
  ASSIGN_OR_RETURN(file_, journal::OpenForAppend(RunPath(run)));
  open_run_ = run;
  // What a kill cut short would hide all that is appended after it.
  ASSIGN_OR_RETURN(const std::string bytes, journal::ReadWhole(RunPath(run)));
  const std::size_t good = journal::ReadFrames(bytes).good_bytes;
  if (good < bytes.size() && ::ftruncate(file_.fd(), static_cast<off_t>(good)) != 0) {
    return ErrnoStatus("cut the torn end of", RunPath(run));
  }
  return absl::OkStatus();
}

absl::Status Store::Append(const Began& began, const Record& record) {
  RETURN_IF_ERROR(OpenRun(began.run));
  if (SizeOf(RunPath(began.run)) == 0) {
    kept_ = true;  // The file's name wants a sync as well.
    RETURN_IF_ERROR(Write(began));
  }
  return Write(record);
}

absl::Status Store::Append(const std::string& run, const Record& record) {
  RETURN_IF_ERROR(OpenRun(run));
  return Write(record);
}

absl::Status Store::Write(const Record& record) {
  ASSIGN_OR_RETURN(const std::string sealed, pki::Seal(key_, EncodeRecord(record), open_run_));
  std::string frame;
  journal::AppendFrame(sealed, &frame);
  dirty_ = true;
  const absl::Status status = journal::WriteAll(file_, frame, RunPath(open_run_));
  if (!status.ok()) {
    file_.Close();  // Opened anew, its torn end is cut off.
  }
  return status;
}

absl::Status Store::Sync() {
  if (!file_.open() || !(dirty_ || kept_)) {
    return absl::OkStatus();
  }
  if (kept_ && ::syncfs(file_.fd()) != 0) {
    return ErrnoStatus("sync the file system of", RunPath(open_run_));
  }
  if (!kept_) {
    RETURN_IF_ERROR(journal::SyncData(file_, RunPath(open_run_)));
  }
  dirty_ = false;
  kept_ = false;
  return absl::OkStatus();
}

absl::StatusOr<RunRecord> Store::Read(const std::string& run) const {
  if (!IsRunId(run)) {
    return InvalidArgument("\"{}\" is no run", run);
  }
  const absl::StatusOr<std::string> bytes = journal::ReadWhole(RunPath(run));
  if (absl::IsNotFound(bytes.status())) {
    return NotFound("nothing is kept of run {}", run);
  }
  RETURN_IF_ERROR(bytes.status());
  RunRecord record;
  for (const std::string_view sealed : journal::ReadFrames(*bytes).payloads) {
    ASSIGN_OR_RETURN(const std::string plain, pki::Unseal(key_, sealed, run));
    Record one;
    if (!DecodeRecord(plain, &one)) {
      return FailedPrecondition("what is kept of run {} makes no sense here", run);
    }
    record.Add(std::move(one));
  }
  return record;
}

absl::StatusOr<std::vector<std::string>> Store::Runs() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(directory_));
  std::vector<std::string> runs;
  for (const std::string& name : names) {
    if (name.ends_with(kRunSuffix)) {
      runs.push_back(name.substr(0, name.size() - kRunSuffix.size()));
    }
  }
  return runs;
}

absl::StatusOr<std::string> Store::Find(const std::string& text) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> runs, Runs());
  if (text == "last") {
    return runs.empty() ? absl::StatusOr<std::string>(NotFound("no run is kept here"))
                        : runs.back();
  }
  std::vector<std::string> fits;
  for (const std::string& run : runs) {
    if (!text.empty() && (run == text || run.ends_with(text))) {
      fits.push_back(run);
    }
  }
  if (fits.size() > 1) {
    return InvalidArgument("{} runs end with \"{}\"; give more of it", fits.size(), text);
  }
  return fits.empty()
             ? absl::StatusOr<std::string>(NotFound(
                   "nothing is kept of a run \"{}\"; `fettle undo --list` shows what is", text))
             : fits.front();
}

absl::Status Store::Keep(const Digest& digest, std::string_view content) {
  if (Has(digest)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string sealed, pki::Seal(key_, content, kContentPlace));
  kept_ = true;
  return journal::WriteUnsynced(ContentPath(digest), sealed);
}

bool Store::Has(const Digest& digest) const {
  return ::access(ContentPath(digest).c_str(), F_OK) == 0;
}

absl::StatusOr<std::string> Store::Content(const Digest& digest) const {
  ASSIGN_OR_RETURN(const std::string sealed, journal::ReadWhole(ContentPath(digest)));
  ASSIGN_OR_RETURN(std::string content, pki::Unseal(key_, sealed, kContentPlace));
  return Sha256(content) == digest
             ? absl::StatusOr<std::string>(std::move(content))
             : FailedPrecondition("{} is damaged: its content is not what its name says",
                                  ContentPath(digest));
}

absl::Status Store::Trim(absl::Time now, const std::set<std::string>& spared) {
  // Contents weigh most: whether enough went shows only when those nobody needs are gone.
  bool dropped = true;
  while (dropped) {
    ASSIGN_OR_RETURN(dropped, DropOldest(now, spared));
    if (dropped) {
      ASSIGN_OR_RETURN(const std::vector<std::string> left, Runs());
      RETURN_IF_ERROR(DropContents(left));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Store::Bytes(const std::vector<std::string>& runs) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> contents, Names(directory_ + "/contents"));
  uint64_t bytes = 0;
  for (const std::string& name : contents) {
    bytes += name.starts_with('.') ? 0 : SizeOf(directory_ + "/contents/" + name);
  }
  for (const std::string& run : runs) {
    bytes += SizeOf(RunPath(run));
  }
  return bytes;
}

// All that are too old or too many, and one of what is too much.
absl::StatusOr<bool> Store::DropOldest(absl::Time now, const std::set<std::string>& spared) {
  ASSIGN_OR_RETURN(const std::vector<std::string> runs, Runs());
  ASSIGN_OR_RETURN(const uint64_t bytes, Bytes(runs));
  bool dropped = false;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    struct stat found {};

    const bool old = ::stat(RunPath(runs[i]).c_str(), &found) == 0 &&
                     absl::FromTimeT(found.st_mtime) < now - bounds_.age;
    const bool too_many = runs.size() - i > bounds_.runs;
    const bool too_much = bytes > bounds_.bytes && !dropped && i + 1 < runs.size();
    if ((old || too_many || too_much) && !spared.contains(runs[i]) && runs[i] != open_run_) {
      ::unlink(RunPath(runs[i]).c_str());
      dropped = true;
    }
  }
  return dropped;
}

// Drops what none of `runs` needs.
absl::Status Store::DropContents(const std::vector<std::string>& runs) {
  std::set<Digest> digests;
  for (const std::string& run : runs) {
    ASSIGN_OR_RETURN(const RunRecord record, Read(run));
    AddContents(record, &digests);
  }
  std::set<std::string> needed;
  for (const Digest& digest : digests) {
    needed.insert(ContentPath(digest));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(directory_ + "/contents"));
  for (const std::string& name : names) {
    const std::string path = directory_ + "/contents/" + name;
    if (!name.starts_with('.') && !needed.contains(path)) {
      ::unlink(path.c_str());
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::undo
