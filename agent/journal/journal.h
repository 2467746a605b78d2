// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/journal/disk.h"
#include "agent/journal/knowledge.h"
#include "agent/journal/run_lock.h"
#include "lib/base/deadline.h"

namespace fettle::journal {

// What the agent remembers in its state folder: a log of records that survives kill -9 and power
// loss at any instruction, read at the start and rewritten when it has grown. Other processes may
// use the same folder (the agent, and `fettle apply` beside it): whoever runs holds the lock, and
// Begin() reads what others have added. One thread at a time.
class Journal {
 public:
  // Reads the journal of `directory` (made if missing, for root alone). A last record cut short is
  // dropped. A damaged journal is moved aside, said in messages(), and the agent goes on as if it
  // knew nothing. Fails when the folder cannot be used at all. While another process runs, only
  // looks: it is read properly by Begin().
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& directory);

  // One that is kept in memory only.
  static std::unique_ptr<Journal> InMemory();

  // Reads `directory` and can never write: for plans and status. Nothing there: knows nothing.
  static absl::StatusOr<std::unique_ptr<Journal>> ReadOnly(const std::string& directory);

  // Takes the run lock (see RunLock) and reads anew what others wrote since. Before anything is
  // recorded.
  absl::Status Begin(std::string_view holder,
                     Deadline deadline,
                     const std::function<void(const std::string&)>& waiting = {});

  const Knowledge& knowledge() const { return knowledge_; }

  // Records what is about to be done, and is on disk when it returns OK. On an error nothing may be
  // changed.
  absl::Status Intend(const Intent& intent);

  // Records what was done or seen; on disk with the next Intend() or End().
  absl::Status Add(const Record& record);

  // Makes all of it durable, rewrites the log if it has grown far beyond what it says, and gives
  // the lock back.
  absl::Status End();

  // What the owner of the host should know ("journal damaged, moved to …"), since the last call.
  std::vector<std::string> TakeMessages();

 private:
  explicit Journal(std::string directory) : directory_(std::move(directory)) {}

  std::string LogPath() const { return directory_ + "/journal"; }

  std::string LockPath() const { return directory_ + "/lock"; }

  absl::Status Look();
  absl::Status Load();
  absl::Status Replay(const std::string& bytes);
  absl::Status MoveAside();
  bool OthersWrote() const;
  absl::Status Write(const Record& record);
  absl::Status Rewrite();

  const std::string directory_;  // "" when in memory.
  bool writable_ = true;
  Knowledge knowledge_;
  File log_;
  uint64_t size_ = 0;            // Of the log, as far as we know it.
  uint64_t size_rewritten_ = 0;  // After the last rewrite or load.
  bool dirty_ = false;           // Not yet synced.
  std::optional<RunLock> lock_;
  std::vector<std::string> messages_;
};

}  // namespace fettle::journal
