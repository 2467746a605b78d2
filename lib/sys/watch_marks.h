// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// What the kernel says happened to one file or directory entry.
enum class PathChange : uint8_t {
  kWritten,     // Written and closed, or put there whole by a rename or a link.
  kWriting,     // Created or written to, perhaps not to the end.
  kGone,        // Removed, or renamed away.
  kAttributes,  // Owner, mode, times, number of links.
};

// Tells the kernel what to watch, by fanotify with names where the file system allows it, else by
// inotify. Marked objects are known by keys, which events carry. One thread. Only for lib/sys:
// watch_paths.h is for others.
class WatchMarks {
 public:
  struct Options {
    bool fanotify = true;
    bool inotify = true;
    std::size_t most = std::numeric_limits<std::size_t>::max();  // Of marks, for tests.
  };

  // What of an object to hear of; may be joined.
  enum : uint32_t {
    kEntries = 1,  // Of a directory: which entries come and go.
    kContent = 2,  // Of a file or directory: its own content and attributes.
    kSelf = 4,     // That it is moved or removed. Always heard of as well.
  };

  struct Event {
    std::string object;     // Key of the object itself, "" when the event names none.
    std::string directory;  // Key of its directory and its name in it, "" likewise.
    std::string name;
    PathChange change = PathChange::kWriting;
    bool self_moved = false;  // The object itself was moved or removed.
    int64_t pid = 0;          // Who did it; 0 where the kernel does not say (inotify).
  };

  explicit WatchMarks(const Options& options);

  // Marks what `path` names now (a link itself, not what it leads to) and answers its key. Marking
  // it again adds to what is heard. kNotFound; kUnavailable when a limit is reached;
  // kFailedPrecondition when its file system tells neither.
  absl::StatusOr<std::string> Add(const std::string& path, uint32_t what);

  // Stops hearing of an object where that can be done at once; else its events may still come.
  void Remove(const std::string& key);

  // Forgets all marks.
  void Reset();

  // Descriptors that become readable with events.
  std::vector<int> fds() const;

  // What came since, in the kernel's order for each mechanism. True: events were lost.
  bool Read(std::vector<Event>* events);

  // Whether marks are by fanotify, as far as the file systems allow.
  bool names_processes() const { return fanotify_.valid(); }

 private:
  absl::StatusOr<std::string> AddFanotify(const std::string& path, uint32_t what);
  absl::StatusOr<std::string> AddInotify(const std::string& path, uint32_t what);
  bool ReadFanotify(std::vector<Event>* events);
  bool ReadInotify(std::vector<Event>* events);

  const Options options_;
  UniqueFd fanotify_;
  UniqueFd inotify_;
  std::size_t count_ = 0;
};

}  // namespace fettle::sys
