// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/watcher.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "agent/watch/mounts.h"
#include "lib/base/status_macros.h"

namespace fettle::watch {
namespace {

using resource::Actor;
using resource::State;
using resource::Watching;
using sys::PathChange;

// How long after a change the thing is thought to be at rest. What is written and closed or renamed
// into place is whole; what is created, open or gone is likely in the midst of being replaced.
constexpr absl::Duration kWhole = absl::Milliseconds(5);
constexpr absl::Duration kPartial = absl::Milliseconds(40);
// Account tools replace four files one after the other.
constexpr absl::Duration kAccounts = absl::Milliseconds(60);
constexpr absl::Duration kUnit = absl::Milliseconds(30);
constexpr absl::Duration kUnitOnItsWay = absl::Seconds(2);
// The package manager writes its database many times in a transaction.
constexpr absl::Duration kPackages = absl::Milliseconds(300);
constexpr absl::Duration kMostPackages = absl::Minutes(10);
constexpr absl::Duration kMostUnit = absl::Seconds(90);
constexpr absl::Duration kFirstReconnect = absl::Seconds(1);

constexpr absl::Duration kWorstEvent = absl::Milliseconds(500);
constexpr absl::Duration kWorstPackage = absl::Seconds(1);
constexpr double kLatestSweep = 1.1;  // Of the interval, which is spread over hosts.

bool IsAccountFile(const std::string& path) {
  return std::find(std::begin(kAccountFiles), std::end(kAccountFiles), path) !=
         std::end(kAccountFiles);
}

bool Rests(const resource::ResourceReport& report) {
  return resource::RestingState(report.state) == State::kOk;
}

}  // namespace

Watcher::Watcher(Parts parts)
    : parts_(std::move(parts)),
      paths_(parts_.marks),
      connect_backoff_(kFirstReconnect),
      who_(parts_.processes, parts_.self),
      contention_(parts_.contention) {}

void Watcher::Watch(std::vector<Interests> resources) {
  const absl::Duration now = parts_.clock.Monotonic();
  std::map<std::string, Actor> actors;
  for (auto& [index, actor] : actors_) {
    actors[resources_[index].id] = std::move(actor);
  }
  actors_.clear();
  debounce_.Clear();
  looked_while_resting_.clear();
  resources_ = std::move(resources);
  map_ = TouchMap(resources_);
  index_.clear();
  paths_of_.assign(resources_.size(), {});
  for (std::size_t index = 0; index < resources_.size(); ++index) {
    index_[resources_[index].id] = index;
    if (const auto known = actors.find(resources_[index].id); known != actors.end()) {
      actors_[index] = std::move(known->second);
    }
  }
  for (std::size_t path = 0; path < map_.paths().size(); ++path) {
    for (const std::size_t index : map_.OfPath(path)) {
      paths_of_[index].push_back(path);
    }
  }
  mount_points_ = MountPoints(mounts_.Read());
  paths_.Want(map_.paths());
  if (!units_.has_value() && map_.wants_units()) {
    ConnectUnits(now);
  }
  for (std::size_t index = 0; index < resources_.size(); ++index) {
    if (resources_[index].watched()) {
      Touch(index, absl::ZeroDuration(), now, Debounce::kMost);
    }
  }
  FindPolled();
}

std::vector<Watcher::Descriptor> Watcher::descriptors() const {
  std::vector<Descriptor> descriptors;
  for (const int fd : paths_.fds()) {
    descriptors.push_back({fd, POLLIN});
  }
  if (units_.has_value()) {
    descriptors.push_back({units_->fd(), POLLIN});
  }
  if (mounts_.fd() >= 0 && !resources_.empty()) {
    descriptors.push_back({mounts_.fd(), POLLPRI});
  }
  return descriptors;
}

void Watcher::OnReady(bool mounts) {
  const absl::Duration now = parts_.clock.Monotonic();
  ReadPaths(now);
  ReadUnits(now);
  if (mounts) {
    ReadMounts(now);
  }
}

void Watcher::ReadPaths(absl::Duration now) {
  std::vector<sys::PathEvent> events;
  const bool lost = paths_.Read(&events);
  for (const sys::PathEvent& event : events) {
    OnPath(event, now);
  }
  if (lost) {
    ++losses_;
    messages_.push_back("more changed than the kernel could tell: looking at all that is watched");
    TouchEverythingWithPaths(now);
    FindPolled();
  }
}

void Watcher::OnPath(const sys::PathEvent& event, absl::Duration now) {
  if (event.pid == parts_.self && parts_.self != 0) {
    return;
  }
  Culprit culprit;
  if (event.pid != 0) {
    culprit = who_.OfProcess(event.pid, now);
  } else {
    culprit.actor.note = "the kernel does not say who changes files there";
  }
  if (event.path == sys::PathEvent::kNeighbour) {
    return;
  }
  const bool whole =
      event.change == PathChange::kWritten || event.change == PathChange::kAttributes;
  absl::Duration settle = whole ? kWhole : kPartial;
  absl::Duration most = Debounce::kMost;
  if (map_.IsPackageDatabase(event.path)) {
    settle = kPackages;
    most = kMostPackages;
  } else if (IsAccountFile(map_.paths()[event.path])) {
    settle = kAccounts;
  }
  for (const std::size_t index : map_.OfPath(event.path)) {
    Touch(index, settle, now, most);
    Blame(index, culprit);
  }
}

void Watcher::ReadUnits(absl::Duration now) {
  if (!units_.has_value()) {
    return;
  }
  std::vector<sys::UnitEvent> events;
  const bool connected = units_->Read(&events);
  for (const sys::UnitEvent& event : events) {
    const TouchMap::Indices& touched = map_.OfUnit(event.unit);
    if (touched.empty()) {
      continue;
    }
    const Culprit culprit = event.unit.empty() ? Culprit() : who_.OfUnit(event.unit);
    for (const std::size_t index : touched) {
      Touch(index, event.settled ? kUnit : kUnitOnItsWay, now, kMostUnit);
      // Of several who may be it, the one that was found says more than the one that was not.
      const auto known = actors_.find(index);
      if (known == actors_.end() || culprit.actor.pid != 0) {
        Blame(index, culprit);
      }
    }
  }
  if (!connected) {
    units_.reset();
    next_connect_ = now + connect_backoff_;
    TouchAll(map_.OfUnit(""), kUnit, now);
    FindPolled();
  }
}

void Watcher::ConnectUnits(absl::Duration now) {
  constexpr absl::Duration kLongest = absl::Minutes(5);
  if (!parts_.connect_units) {
    next_connect_ = absl::InfiniteDuration();
    return;
  }
  auto connected = parts_.connect_units();
  if (!connected.ok()) {
    messages_.push_back(
        fmt::format("systemd does not tell of its units: {}", Message(connected.status())));
    next_connect_ = now + connect_backoff_;
    connect_backoff_ = std::min(2 * connect_backoff_, kLongest);
    return;
  }
  units_ = *std::move(connected);
  next_connect_ = absl::InfiniteDuration();
  connect_backoff_ = kFirstReconnect;
  TouchAll(map_.OfUnit(""), kUnit, now);
  FindPolled();
}

void Watcher::ReadMounts(absl::Duration now) {
  std::set<std::string> points = MountPoints(mounts_.Read());
  if (MountsConcern(mount_points_, points, map_.paths())) {
    paths_.Rearm();
    TouchEverythingWithPaths(now);
    FindPolled();
  }
  mount_points_ = std::move(points);
  TouchAll(map_.mounts(), kPartial, now);
}

void Watcher::Touch(std::size_t index,
                    absl::Duration settle,
                    absl::Duration now,
                    absl::Duration most) {
  debounce_.Add(index, settle, now, most);
}

void Watcher::TouchAll(const TouchMap::Indices& indices,
                       absl::Duration settle,
                       absl::Duration now) {
  for (const std::size_t index : indices) {
    Touch(index, settle, now, Debounce::kMost);
  }
}

void Watcher::TouchEverythingWithPaths(absl::Duration now) {
  for (std::size_t index = 0; index < resources_.size(); ++index) {
    if (!paths_of_[index].empty()) {
      Touch(index, kPartial, now, Debounce::kMost);
    }
  }
}

void Watcher::Blame(std::size_t index, const Culprit& culprit) {
  if (!culprit.ours) {
    actors_[index] = culprit.actor;
  }
}

void Watcher::Tick() {
  const absl::Duration now = parts_.clock.Monotonic();
  if (now >= next_connect_) {
    ConnectUnits(now);
  }
  if (now >= next_poll_) {
    next_poll_ = polled_.empty() ? absl::InfiniteDuration() : now + kPoll;
    TouchAll(polled_, absl::ZeroDuration(), now);
  }
  for (const std::string& id : contention_.TakeRested(now)) {
    if (const auto found = index_.find(id); found != index_.end()) {
      looked_while_resting_.erase(found->second);
      Touch(found->second, absl::ZeroDuration(), now, Debounce::kMost);
    }
  }
}

absl::Duration Watcher::NextTick() const {
  return std::min({debounce_.Next(), next_connect_, next_poll_, contention_.Next()});
}

Watcher::Due Watcher::TakeDue() {
  constexpr absl::Duration kAgain = absl::Milliseconds(250);
  const absl::Duration now = parts_.clock.Monotonic();
  Due due;
  Due resting{{}, true};
  bool asked = false;
  bool busy = false;
  for (const std::size_t index : debounce_.Take(now)) {
    const std::string& id = resources_[index].id;
    if (resources_[index].packages) {
      busy = asked ? busy : PackagesBusy();
      asked = true;
      if (busy) {
        debounce_.Add(index, kAgain, now, kMostPackages);
        continue;
      }
      NoteTransaction(index);
    }
    if (!contention_.Resting(id, now)) {
      due.ids.push_back(id);
    } else if (looked_while_resting_.insert(index).second) {
      resting.ids.push_back(id);
    }
  }
  if (due.ids.empty()) {
    return resting;
  }
  for (const std::string& id : resting.ids) {  // In the next call.
    const std::size_t index = index_.find(id)->second;
    looked_while_resting_.erase(index);
    debounce_.Add(index, absl::ZeroDuration(), now);
  }
  return due;
}

// Read before a run of ours adds to the package manager's logs.
void Watcher::NoteTransaction(std::size_t index) {
  const auto actor = actors_.find(index);
  if (actor == actors_.end() || !actor->second.transaction.empty()) {
    return;
  }
  const std::string& id = resources_[index].id;
  actor->second.transaction = who_.TransactionOf(std::string_view(id).substr(id.find(':') + 1));
}

void Watcher::Complete(const std::vector<std::string>& only, resource::RunReport* report) {
  const absl::Duration now = parts_.clock.Monotonic();
  std::set<std::size_t> unrest;
  for (resource::ResourceReport& one : report->resources) {
    const auto found = index_.find(one.id);
    if (found == index_.end()) {
      continue;
    }
    if (!Rests(one)) {
      unrest.insert(found->second);
    }
    if (one.cause != resource::Cause::kDrift) {
      continue;
    }
    if (const auto actor = actors_.find(found->second); actor != actors_.end()) {
      one.actor = actor->second;
    } else {
      one.actor.emplace().note = "nobody saw the change happen";
    }
    one.contended = one.state == State::kChanged ? contention_.Repaired(one.id, now)
                                                 : contention_.Describe(one.id);
  }
  if (!report->error.empty()) {
    return;
  }
  const auto settle = [&](std::size_t index) {
    // What was touched again meanwhile has a culprit of its own.
    if (!unrest.contains(index) && !debounce_.Waits(index)) {
      actors_.erase(index);
    }
  };
  for (const std::string& id : only) {
    if (const auto found = index_.find(id); found != index_.end()) {
      settle(found->second);
    }
  }
  if (only.empty()) {
    for (std::size_t index = 0; index < resources_.size(); ++index) {
      settle(index);
    }
  }
}

std::string Watcher::Gap(std::size_t index) const {
  const Interests& one = resources_[index];
  if (one.poll) {
    return one.why;
  }
  for (const std::size_t path : paths_of_[index]) {
    if (const absl::Status& status = paths_.status(path); !status.ok()) {
      return std::string(Message(status));
    }
  }
  return !one.units.empty() && !units_.has_value() ? "systemd does not tell of its units" : "";
}

void Watcher::FindPolled() {
  const absl::Duration now = parts_.clock.Monotonic();
  polled_.clear();
  for (std::size_t index = 0; index < resources_.size(); ++index) {
    if (resources_[index].poll || (resources_[index].watched() && !Gap(index).empty())) {
      polled_.push_back(index);
    }
  }
  next_poll_ = polled_.empty() ? absl::InfiniteDuration() : std::min(next_poll_, now + kPoll);
  coverage_changed_ = true;
}

resource::Coverage Watcher::CoverageOf(std::size_t index) const {
  const Interests& one = resources_[index];
  if (!one.watched() || (!one.poll && !one.why.empty())) {
    return {Watching::kSweep, parts_.sweep * kLatestSweep, one.why};
  }
  if (std::string gap = Gap(index); !gap.empty()) {
    return {Watching::kPoll, kPoll, std::move(gap)};
  }
  return {Watching::kEvent, one.packages ? kWorstPackage : kWorstEvent, ""};
}

std::optional<std::map<std::string, resource::Coverage>> Watcher::TakeCoverage() {
  if (!std::exchange(coverage_changed_, false)) {
    return std::nullopt;
  }
  std::map<std::string, resource::Coverage> coverage;
  for (std::size_t index = 0; index < resources_.size(); ++index) {
    coverage[resources_[index].id] = CoverageOf(index);
  }
  return coverage;
}

std::vector<std::string> Watcher::TakeMessages() {
  return std::exchange(messages_, {});
}

}  // namespace fettle::watch
