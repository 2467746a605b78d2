// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "agent/undo/store.h"
#include "agent/undo/thing.h"
#include "lib/base/deadline.h"
#include "lib/sys/host.h"

namespace fettle::undo {

// Resources that are changed at once, and what they may change.
struct Subject {
  std::vector<std::string> resources;
  std::vector<Thing> things;
};

// Writes down, for one run, what was before each change and what the run left. Safe from many
// threads.
class Recorder {
 public:
  Recorder(Store& store, const sys::HostReader& reader, Began began)
      : store_(store), reader_(reader), began_(std::move(began)) {}

  // Looks at what is about to be changed. May be called early, for many changes to share one sync.
  // An error: nothing may be changed that must be undone.
  absl::Status Before(const Subject& subject, Deadline deadline);

  // Right before the change: looks again, and writes down what is other than it was when Before()
  // looked. Durable when it returns OK.
  absl::Status Ready(const Subject& subject, Deadline deadline);

  // After the change, whether it succeeded or not.
  void After(const Subject& subject, Deadline deadline);

  // A unit is about to be told of changes of `sources`; durable.
  void Tell(const std::string& unit,
            resource::RefreshKind kind,
            const std::vector<std::string>& sources);

  // A step is about to run whose effects are not known.
  void Opaque(const std::string& resource, const std::string& why);

  // The run is over: what was announced and not done was not done. Makes room in the store.
  absl::Status End(absl::Time now);

  const std::string& run() const { return began_.run; }

 private:
  absl::Status Write(const Subject& subject, Deadline deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool StillSo(const Subject& subject, Deadline deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  Store& store_ ABSL_GUARDED_BY(mutex_);
  const sys::HostReader& reader_;
  const Began began_;
  bool used_ ABSL_GUARDED_BY(mutex_) = false;
  bool unsynced_ ABSL_GUARDED_BY(mutex_) = false;
  // What was announced and not yet done, by the first of its resources.
  std::map<std::string, std::vector<Parts>> announced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::undo
