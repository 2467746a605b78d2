// SPDX-License-Identifier: Apache-2.0
#include "server/siem/stream.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/fleet/host_view.h"
#include "server/siem/from_leaf.h"

namespace fettle::server::siem {
namespace {

// Leaves that are read at once: batches of reports may be megabytes each.
constexpr uint64_t kLeaves = 8;
// Events that are sent at once.
constexpr std::size_t kEvents = 256;
constexpr int kMissedHeartbeats = 3;
constexpr absl::Duration kMostBetweenLooks = absl::Seconds(15);

}  // namespace

Stream::Stream(Store& store,
               const Clock& clock,
               const SiemOutlet& config,
               std::unique_ptr<Outlet> outlet,
               Position position,
               Options options)
    : store_(store),
      clock_(clock),
      config_(config),
      outlet_(std::move(outlet)),
      options_(options),
      started_(clock.Now()),
      position_(std::move(position)) {}

absl::StatusOr<bool> Stream::Step() {
  RETURN_IF_ERROR(Settle());
  ASSIGN_OR_RETURN(const evidence::TreeHead head, store_.evidence().Head());
  // A database that was restored from an older copy has fewer leaves than were sent.
  position_.next = std::min(position_.next, head.size);
  behind_ = head.size - position_.next;
  if (behind_ > 0) {
    return SendLeaves(head.size);
  }
  const absl::Duration now = clock_.Monotonic();
  if (now - looked_ >= std::min(options_.heartbeat, kMostBetweenLooks)) {
    looked_ = now;
    RETURN_IF_ERROR(SendSilence());
  }
  return false;
}

absl::StatusOr<bool> Stream::SendLeaves(uint64_t size) {
  const uint64_t end = std::min(size, position_.next + kLeaves);
  uint64_t expected = position_.next;
  std::vector<Event> events;
  const auto skip_to = [&](uint64_t number) {
    if (number > expected) {
      lost_ += number - expected;
      events.push_back(GapEvent(expected, number, clock_.Now()));
    }
    expected = number + 1;
  };
  RETURN_IF_ERROR(store_.evidence().Leaves(position_.next, end, [&](const LogLeaf& leaf) {
    skip_to(leaf.number);
    for (Event& event : EventsOf(leaf)) {
      if (config_.kinds.contains(event.kind)) {
        events.push_back(std::move(event));
      }
    }
    return absl::OkStatus();
  }));
  skip_to(end);
  RETURN_IF_ERROR(Hand(std::move(events), {end, position_.silent}));
  behind_ = size - end;
  return behind_ > 0;
}

absl::Status Stream::Hand(std::vector<Event> events, Position after) {
  for (std::size_t at = 0; at < events.size(); at += kEvents) {
    const auto first = events.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last =
        events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), at + kEvents));
    const std::vector<Event> some(std::make_move_iterator(first), std::make_move_iterator(last));
    if (const absl::Status sent = outlet_->Send(some); !sent.ok()) {
      Rewind();
      return sent;
    }
    sent_ += some.size();
  }
  if (!events.empty() && outlet_->doubt() > absl::ZeroDuration()) {
    doubts_.push_back({position_, clock_.Monotonic()});
  }
  position_ = std::move(after);
  return absl::OkStatus();
}

// What was sent long enough ago to a receiver that is still there was not lost.
absl::Status Stream::Settle() {
  if (doubts_.empty()) {
    return absl::OkStatus();
  }
  if (const absl::Status there = outlet_->Check(); !there.ok()) {
    Rewind();
    return there;
  }
  const absl::Duration now = clock_.Monotonic();
  while (!doubts_.empty() && now - doubts_.front().sent >= outlet_->doubt()) {
    doubts_.pop_front();
  }
  return absl::OkStatus();
}

void Stream::Rewind() {
  if (!doubts_.empty()) {
    position_ = std::move(doubts_.front().before);
    doubts_.clear();
  }
}

absl::Status Stream::SendSilence() {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const auto hosts, FindHosts(store_, "", now, options_.heartbeat));
  // A server that starts listens first, before it calls a host silent that it did not call so
  // before.
  const bool listened = now - started_ > kMissedHeartbeats * options_.heartbeat;
  std::map<std::string, absl::Time> silent;
  std::vector<Event> events;
  for (const HostView& host : hosts) {
    const HostRecord& record = host.record;
    const bool told = position_.silent.contains(record.name);
    if (host.presence == Presence::kSilent && (told || listened)) {
      silent[record.name] = record.last_seen;
      if (!told && config_.kinds.contains("silence")) {
        events.push_back(SilenceEvent(record.name, record.last_seen, now));
      }
    } else if (host.presence == Presence::kConnected && told && config_.kinds.contains("heard")) {
      events.push_back(HeardEvent(record.name, record.last_seen, now));
    }
  }
  return Hand(std::move(events), {position_.next, std::move(silent)});
}

Position Stream::Kept() const {
  return doubts_.empty() ? position_ : doubts_.front().before;
}

}  // namespace fettle::server::siem
