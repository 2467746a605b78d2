// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/change_feed.h"

namespace fettle::server {

std::string_view KindName(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kDrift:
      return "drift";
    case Change::Kind::kState:
      return "state";
    case Change::Kind::kHost:
      return "host";
    case Change::Kind::kRun:
      return "run";
    case Change::Kind::kRevision:
      return "revision";
    case Change::Kind::kChannel:
      return "channel";
  }
  return "state";
}

ChangeFeed::Listener::~Listener() {
  const absl::MutexLock lock(&feed_.mutex_);
  feed_.listeners_.erase(this);
  feed_.heard_ = !feed_.listeners_.empty();
}

std::vector<Change> ChangeFeed::Listener::Take(absl::Duration wait) {
  const absl::MutexLock lock(&feed_.mutex_);
  const auto ready = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !pending_.empty() || feed_.closed_;
  };
  feed_.mutex_.AwaitWithTimeout(absl::Condition(&ready), wait);
  std::vector<Change> taken(pending_.begin(), pending_.end());
  pending_.clear();
  return taken;
}

bool ChangeFeed::Listener::closed() const {
  const absl::MutexLock lock(&feed_.mutex_);
  return feed_.closed_;
}

std::unique_ptr<ChangeFeed::Listener> ChangeFeed::Listen() {
  const absl::MutexLock lock(&mutex_);
  if (closed_ || listeners_.size() >= kMostListeners) {
    return nullptr;
  }
  std::unique_ptr<Listener> listener(new Listener(*this));
  listeners_.insert(listener.get());
  heard_ = true;
  return listener;
}

void ChangeFeed::Tell(Change::Kind kind, const std::string& host) {
  if (!heard_) {
    return;
  }
  const absl::MutexLock lock(&mutex_);
  for (Listener* listener : listeners_) {
    const bool many = listener->pending_.size() >= kMostPending;
    listener->pending_.insert({kind, many ? "" : host});
  }
}

void ChangeFeed::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

std::size_t ChangeFeed::Listeners() const {
  const absl::MutexLock lock(&mutex_);
  return listeners_.size();
}

}  // namespace fettle::server
