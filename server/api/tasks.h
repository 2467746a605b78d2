// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "fettle/v1/agent.pb.h"

namespace fettle::server {

class Session;

// What hosts answer to tasks, and the calls that wait for it. An answer counts only from the
// session that was asked. Safe from any thread.
class Tasks {
 public:
  // Where one call waits for the hosts that it asked. Bounded: a host gives one last answer, and of
  // its progress only the newest is kept. Safe from any thread.
  class Inbox {
   public:
    struct Entry {
      std::string host;
      v1::TaskAnswer answer;
    };

    void Put(const std::string& host, v1::TaskAnswer answer) ABSL_LOCKS_EXCLUDED(mutex_);

    // The next one; nullopt when none comes within `wait`.
    std::optional<Entry> Take(absl::Duration wait) ABSL_LOCKS_EXCLUDED(mutex_);

   private:
    absl::Mutex mutex_;
    std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  };

  // From now on what `session` answers to the task `id` goes to `inbox`, up to its last answer. To
  // be called before the host is asked.
  void Await(const std::string& id,
             const Session* session,
             const std::string& host,
             std::shared_ptr<Inbox> inbox) ABSL_LOCKS_EXCLUDED(mutex_);

  // Nobody waits for it any more.
  void Forget(const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);

  // `session` says it. What nobody waits for is dropped.
  void Answer(const Session* session, const v1::TaskAnswer& answer) ABSL_LOCKS_EXCLUDED(mutex_);

  // `session` is over: who waits for it is told.
  void Gone(const Session* session) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiting {
    const Session* session = nullptr;
    std::string host;
    std::shared_ptr<Inbox> inbox;
  };

  absl::Mutex mutex_;
  std::map<std::string, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
