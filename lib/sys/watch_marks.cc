// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/watch_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

constexpr std::size_t kBuffer = 64U << 10;
constexpr std::size_t kMostHandle = 128;

// Of Linux 6.6: a handle that only names, for file systems that cannot open by handle.
constexpr int kHandleFid = 0x200;

uint64_t FanotifyMask(uint32_t what) {
  uint64_t mask = FAN_DELETE_SELF | FAN_MOVE_SELF | FAN_ONDIR;
  if ((what & WatchMarks::kEntries) != 0) {
    mask |= FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO;
  }
  if ((what & WatchMarks::kContent) != 0) {
    mask |= FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB;
  }
  return mask;
}

uint32_t InotifyMask(uint32_t what) {
  uint32_t mask = IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW | IN_MASK_ADD;
  if ((what & WatchMarks::kEntries) != 0) {
    mask |= IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
  }
  if ((what & WatchMarks::kContent) != 0) {
    mask |= IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;
  }
  return mask;
}

// The bits of both interfaces are the same for all that is asked for above.
static_assert(FAN_MODIFY == IN_MODIFY && FAN_ATTRIB == IN_ATTRIB && FAN_CREATE == IN_CREATE);
static_assert(FAN_MOVED_FROM == IN_MOVED_FROM && FAN_MOVED_TO == IN_MOVED_TO);
static_assert(FAN_DELETE == IN_DELETE && FAN_DELETE_SELF == IN_DELETE_SELF);
static_assert(FAN_CLOSE_WRITE == IN_CLOSE_WRITE && FAN_MOVE_SELF == IN_MOVE_SELF);

// The last thing that an event, perhaps merged of several, says. What is gone and there again is
// as if it were new: whoever asks looks at the disk.
PathChange ChangeOf(uint64_t mask) {
  if ((mask & (FAN_CLOSE_WRITE | FAN_MOVED_TO)) != 0) {
    return PathChange::kWritten;
  }
  if ((mask & (FAN_CREATE | FAN_MODIFY)) != 0) {
    return PathChange::kWriting;
  }
  if ((mask & (FAN_DELETE | FAN_MOVED_FROM | FAN_DELETE_SELF | FAN_MOVE_SELF)) != 0) {
    return PathChange::kGone;
  }
  return PathChange::kAttributes;
}

std::string KeyOf(const void* fsid, const file_handle& handle) {
  std::string key(1, 'f');
  key.append(static_cast<const char*>(fsid), sizeof(fsid_t));
  key.append(reinterpret_cast<const char*>(&handle.handle_type), sizeof handle.handle_type);
  return key.append(reinterpret_cast<const char*>(handle.f_handle), handle.handle_bytes);
}

std::string KeyOf(int watch) {
  return fmt::format("i{}", watch);
}

// The number of an inotify watch, -1 for a fanotify key.
int WatchOf(const std::string& key) {
  int64_t watch = -1;
  return key.starts_with('i') && ParseInt(std::string_view(key).substr(1), &watch)
             ? static_cast<int>(watch)
             : -1;
}

// The key that fanotify's events will carry for what `path` names.
absl::StatusOr<std::string> HandleKey(const std::string& path) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + kMostHandle> space = {};
  auto* const handle = reinterpret_cast<file_handle*>(space.data());
  int mount = 0;
  for (const int flags : {kHandleFid, 0}) {
    handle->handle_bytes = kMostHandle;
    if (::name_to_handle_at(AT_FDCWD, path.c_str(), handle, &mount, flags) == 0) {
      struct statfs file_system = {};
      const UniqueFd at(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!at.valid() || ::fstatfs(at.get(), &file_system) != 0) {
        return ErrnoStatus(errno, "look at", path);
      }
      return KeyOf(&file_system.f_fsid, *handle);
    }
  }
  return ErrnoStatus(errno, "name", path);
}

// Adds what one fanotify event carries besides its header. Everything in it is aligned to 4 bytes.
void ReadInfo(const char* at, const char* end, WatchMarks::Event* event) {
  while (at + sizeof(fanotify_event_info_header) <= end) {
    const auto* const info = reinterpret_cast<const fanotify_event_info_fid*>(at);
    const auto* const handle = reinterpret_cast<const file_handle*>(info->handle);
    if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
      event->directory = KeyOf(&info->fsid, *handle);
      event->name = reinterpret_cast<const char*>(handle->f_handle) + handle->handle_bytes;
      if (event->name == ".") {  // About the directory itself.
        event->object = std::exchange(event->directory, "");
        event->name.clear();
      }
    } else if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_FID) {
      event->object = KeyOf(&info->fsid, *handle);
    }
    at += info->hdr.len;
  }
}

bool IsLimit(int error) {
  return error == ENOSPC || error == EMFILE || error == ENOMEM;
}

}  // namespace

WatchMarks::WatchMarks(const Options& options) : options_(options) {
  Reset();
}

void WatchMarks::Reset() {
  count_ = 0;
  fanotify_ = UniqueFd();
  inotify_ = UniqueFd();
  if (options_.fanotify) {
    fanotify_ =
        UniqueFd(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
                                     FAN_REPORT_DFID_NAME | FAN_REPORT_FID | FAN_UNLIMITED_MARKS,
                                 O_RDONLY | O_CLOEXEC));
  }
}

std::vector<int> WatchMarks::fds() const {
  std::vector<int> fds;
  for (const UniqueFd* const fd : {&fanotify_, &inotify_}) {
    if (fd->valid()) {
      fds.push_back(fd->get());
    }
  }
  return fds;
}

absl::StatusOr<std::string> WatchMarks::Add(const std::string& path, uint32_t what) {
  if (count_ >= options_.most) {
    return Unavailable("the limit of watches is reached");
  }
  if (fanotify_.valid()) {
    auto key = AddFanotify(path, what);
    if (key.ok() || absl::IsNotFound(key.status())) {
      count_ += key.ok() ? 1 : 0;
      return key;
    }
  }
  auto key = AddInotify(path, what);
  count_ += key.ok() ? 1 : 0;
  return key;
}

absl::StatusOr<std::string> WatchMarks::AddFanotify(const std::string& path, uint32_t what) {
  ASSIGN_OR_RETURN(std::string key, HandleKey(path));
  if (::fanotify_mark(fanotify_.get(),
                      FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
                      FanotifyMask(what),
                      AT_FDCWD,
                      path.c_str()) != 0) {
    return ErrnoStatus(errno, "watch", path);
  }
  return key;
}

absl::StatusOr<std::string> WatchMarks::AddInotify(const std::string& path, uint32_t what) {
  if (!options_.inotify) {
    return FailedPrecondition("the file system of {} tells nobody of changes", path);
  }
  if (!inotify_.valid()) {
    inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  }
  const int watch =
      inotify_.valid() ? ::inotify_add_watch(inotify_.get(), path.c_str(), InotifyMask(what)) : -1;
  if (watch < 0) {
    const int error = errno;
    return IsLimit(error) ? Unavailable(
                                "the limit of inotify watches is reached; raise "
                                "fs.inotify.max_user_watches or max_user_instances")
                          : ErrnoStatus(error, "watch", path);
  }
  return KeyOf(watch);
}

void WatchMarks::Remove(const std::string& key) {
  const int watch = WatchOf(key);
  if (watch >= 0 && inotify_.valid() && ::inotify_rm_watch(inotify_.get(), watch) == 0) {
    --count_;
  }
}

bool WatchMarks::Read(std::vector<Event>* events) {
  bool lost = fanotify_.valid() && ReadFanotify(events);
  if (inotify_.valid()) {
    lost = ReadInotify(events) || lost;
  }
  return lost;
}

bool WatchMarks::ReadFanotify(std::vector<Event>* events) {
  alignas(fanotify_event_metadata) std::array<char, kBuffer> buffer;
  bool lost = false;
  ssize_t size = 0;
  while ((size = ::read(fanotify_.get(), buffer.data(), buffer.size())) > 0) {
    fanotify_event_metadata metadata = {};
    const char* const end = buffer.data() + size;
    for (const char* at = buffer.data(); end - at >= ssize_t{sizeof metadata};
         at += metadata.event_len) {
      std::memcpy(&metadata, at, sizeof metadata);  // It may lie on 4 bytes, and wants 8.
      if (metadata.event_len < sizeof metadata || metadata.event_len > end - at) {
        break;
      }
      if ((metadata.mask & FAN_Q_OVERFLOW) != 0) {
        lost = true;
        continue;
      }
      Event& event = events->emplace_back();
      event.change = ChangeOf(metadata.mask);
      event.self_moved = (metadata.mask & (FAN_DELETE_SELF | FAN_MOVE_SELF)) != 0;
      event.pid = metadata.pid;
      ReadInfo(at + metadata.metadata_len, at + metadata.event_len, &event);
    }
  }
  return lost;
}

bool WatchMarks::ReadInotify(std::vector<Event>* events) {
  alignas(inotify_event) std::array<char, kBuffer> buffer;
  bool lost = false;
  ssize_t size = 0;
  while ((size = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      const auto* const raw = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + raw->len;
      if ((raw->mask & IN_Q_OVERFLOW) != 0) {
        lost = true;
        continue;
      }
      if ((raw->mask & IN_IGNORED) != 0) {
        continue;
      }
      Event& event = events->emplace_back();
      event.change = ChangeOf(raw->mask);
      event.self_moved = (raw->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
      (raw->len > 0 ? event.directory : event.object) = KeyOf(raw->wd);
      event.name = raw->len > 0 ? raw->name : "";
    }
  }
  return lost;
}

}  // namespace fettle::sys
