// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/recorder.h"

#include <utility>

#include "agent/undo/look.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {

absl::Status Recorder::Before(const Subject& subject, Deadline deadline) {
  const absl::MutexLock lock(&mutex_);
  return Write(subject, deadline);
}

absl::Status Recorder::Write(const Subject& subject, Deadline deadline) {
  undo::Before before{subject.resources, {}};
  std::vector<Parts> looked;
  const KeepContent keep =
      [this](const Digest& digest, std::string_view content)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { return store_.Keep(digest, content); };
  for (const Thing& thing : subject.things) {
    ThingBefore& one = before.things.emplace_back();
    one.thing = thing;
    absl::StatusOr<Parts> parts = Look(thing, reader_, deadline, keep);
    if (parts.ok()) {
      one.before = *parts;
      looked.push_back(*std::move(parts));
    } else {
      one.unkept = std::string(Message(parts.status()));
      looked.emplace_back();
    }
  }
  RETURN_IF_ERROR(store_.Append(began_, before));
  used_ = true;
  unsynced_ = true;
  announced_[subject.resources.front()] = std::move(looked);
  return absl::OkStatus();
}

bool Recorder::StillSo(const Subject& subject, Deadline deadline) const {
  const auto announced = announced_.find(subject.resources.front());
  if (announced == announced_.end() || announced->second.size() != subject.things.size()) {
    return false;
  }
  for (std::size_t i = 0; i < subject.things.size(); ++i) {
    const absl::StatusOr<Parts> now = Look(subject.things[i], reader_, deadline, nullptr);
    if (!now.ok() || *now != announced->second[i]) {
      return false;
    }
  }
  return true;
}

absl::Status Recorder::Ready(const Subject& subject, Deadline deadline) {
  const absl::MutexLock lock(&mutex_);
  if (!StillSo(subject, deadline)) {
    RETURN_IF_ERROR(Write(subject, deadline));
  }
  if (unsynced_) {
    RETURN_IF_ERROR(store_.Sync());
    unsynced_ = false;
  }
  return absl::OkStatus();
}

void Recorder::After(const Subject& subject, Deadline deadline) {
  const absl::MutexLock lock(&mutex_);
  if (announced_.erase(subject.resources.front()) == 0) {
    return;
  }
  undo::After after{subject.resources.front(), {}};
  for (const Thing& thing : subject.things) {
    after.things.push_back(Look(thing, reader_, deadline, nullptr).value_or(Parts()));
  }
  // Not synced: without it the change counts as one that was interrupted.
  (void)store_.Append(began_, after);
}

void Recorder::Tell(const std::string& unit,
                    resource::RefreshKind kind,
                    const std::vector<std::string>& sources) {
  const absl::MutexLock lock(&mutex_);
  if (store_.Append(began_, Told{unit, kind, sources}).ok()) {
    used_ = true;
    (void)store_.Sync();
  }
}

void Recorder::Opaque(const std::string& resource, const std::string& why) {
  const absl::MutexLock lock(&mutex_);
  used_ = store_.Append(began_, undo::Opaque{resource, why}).ok() || used_;
}

absl::Status Recorder::End(absl::Time now) {
  const absl::MutexLock lock(&mutex_);
  if (!used_) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(store_.Append(began_, Ended{}));
  RETURN_IF_ERROR(store_.Sync());
  return store_.Trim(now, {began_.run});
}

}  // namespace fettle::undo
