// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"

#include "lib/sys/watch_marks.h"

namespace fettle::sys {

// Something happened at a watched path.
struct PathEvent {
  // In place of an index: something came or went beside a watched path. Of use only for who does
  // it, who may be about to rename it into place.
  static constexpr std::size_t kNeighbour = static_cast<std::size_t>(-1);

  std::size_t path = 0;  // Index of the path as it was asked for.
  PathChange change = PathChange::kWriting;
  int64_t pid = 0;  // Who did it, by fanotify; 0: not known.
};

// Watches paths, whether they exist or not: the file itself, the entry in its directory, and
// whatever on the way to it may be moved away or come to be. Marks move along: what is replaced,
// removed, moved in or made again is watched anew before its event is handed out, so who then looks
// at the path sees all that came before. Writes to neighbours of a watched file wake nobody; only
// their coming and going does. One thread.
class PathWatch {
 public:
  explicit PathWatch(const WatchMarks::Options& options = {});

  // Watches these absolute, normalised paths and no others.
  void Want(std::vector<std::string> paths);

  // Descriptors that become readable when something happened. They change with Want() and Read().
  std::vector<int> fds() const { return marks_.fds(); }

  // What happened since. True: events were lost, so anything may have happened anywhere.
  bool Read(std::vector<PathEvent>* events);

  // Makes all marks anew: something was mounted, or a limit was raised.
  void Rearm();

  // OK when changes of the path are told at once; else why not.
  const absl::Status& status(std::size_t path) const { return targets_[path].status; }

  // Whether the kernel says who makes a change there.
  bool names_process(std::size_t path) const { return targets_[path].names_process; }

  const std::vector<std::string>& paths() const { return paths_; }

 private:
  struct Target {
    absl::Status status;
    bool names_process = true;
    std::vector<const std::string*> keys;  // Of the nodes that know it, in nodes_.
  };

  // A marked object: which targets it matters to, and how.
  struct Node {
    uint32_t what = 0;
    std::vector<std::size_t> self;                            // Its moving away.
    std::vector<std::size_t> content;                         // Its content.
    std::map<std::string, std::vector<std::size_t>> entries;  // The entry of that name.
  };

  void Arm(std::size_t target);
  // Arms it anew and forgets what it no longer needs.
  void Renew(std::size_t target);
  // Marks `path` for a target; the status of the target when it cannot be.
  bool Mark(const std::string& path, uint32_t what, const std::string& entry, std::size_t target);
  void Handle(const WatchMarks::Event& event, std::vector<PathEvent>* events);
  void Tell(const std::vector<std::size_t>& targets,
            const WatchMarks::Event& event,
            std::vector<PathEvent>* events);

  WatchMarks marks_;
  std::vector<std::string> paths_;
  std::vector<Target> targets_;
  absl::node_hash_map<std::string, Node> nodes_;
  // While all are armed: what a path was marked as, so that each directory is marked once.
  absl::flat_hash_map<std::string, std::string> known_;
  bool arming_all_ = false;
  std::size_t stray_ = 0;  // Events of objects that nobody wants any more.
  std::vector<bool> rearm_;
};

}  // namespace fettle::sys
