// SPDX-License-Identifier: Apache-2.0
#include "server/api/tasks.h"

#include <algorithm>

namespace fettle::server {
namespace {

bool IsLast(const v1::TaskAnswer& answer) {
  return answer.body_case() != v1::TaskAnswer::kProgress;
}

}  // namespace

void Tasks::Inbox::Put(const std::string& host, v1::TaskAnswer answer) {
  const absl::MutexLock lock(&mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.host == host; });
  entries_.push_back({host, std::move(answer)});
}

std::optional<Tasks::Inbox::Entry> Tasks::Inbox::Take(absl::Duration wait) {
  const absl::MutexLock lock(&mutex_);
  const auto filled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !entries_.empty(); };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&filled), wait)) {
    return std::nullopt;
  }
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  return entry;
}

void Tasks::Await(const std::string& id,
                  const Session* session,
                  const std::string& host,
                  std::shared_ptr<Inbox> inbox) {
  const absl::MutexLock lock(&mutex_);
  waiting_[id] = {session, host, std::move(inbox)};
}

void Tasks::Forget(const std::string& id) {
  const absl::MutexLock lock(&mutex_);
  waiting_.erase(id);
}

void Tasks::Answer(const Session* session, const v1::TaskAnswer& answer) {
  const absl::MutexLock lock(&mutex_);
  const auto found = waiting_.find(answer.id());
  if (found == waiting_.end() || found->second.session != session) {
    return;
  }
  found->second.inbox->Put(found->second.host, answer);
  if (IsLast(answer)) {
    waiting_.erase(found);
  }
}

void Tasks::Gone(const Session* session) {
  const absl::MutexLock lock(&mutex_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.session != session) {
      ++it;
      continue;
    }
    v1::TaskAnswer answer;
    answer.set_error("the host was disconnected before it answered");
    it->second.inbox->Put(it->second.host, std::move(answer));
    it = waiting_.erase(it);
  }
}

}  // namespace fettle::server
