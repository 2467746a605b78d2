// SPDX-License-Identifier: Apache-2.0
#include "server/siem/relay.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "server/notify/backoff.h"
#include "server/siem/stream.h"

namespace fettle::server::siem {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(1);
constexpr absl::Duration kSaveEvery = absl::Seconds(1);
constexpr absl::Duration kFirstWait = absl::Seconds(1);

}  // namespace

// One outlet and its thread.
struct Relay::Runner {
  Runner(Store& store,
         const Clock& clock,
         const SiemOutlet& the_config,
         std::unique_ptr<Outlet> outlet,
         Position position,
         absl::Duration heartbeat)
      : config(the_config),
        kept(position),
        stream(store, clock, config, std::move(outlet), std::move(position), {heartbeat}),
        backoff(kFirstWait, config.most_wait, notify::RandomShare) {}

  const SiemOutlet config;
  mutable absl::Mutex mutex;
  Position kept ABSL_GUARDED_BY(mutex);
  OutletFigures figures ABSL_GUARDED_BY(mutex);
  // Of the thread alone.
  Stream stream;
  notify::Backoff backoff;
  absl::Duration wait;
  absl::Duration saved = -absl::InfiniteDuration();
  std::unique_ptr<BackgroundThread> thread;
};

Relay::Relay(Store& store, const Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)) {}

Relay::~Relay() {
  Stop();
}

absl::Status Relay::Prepare() {
  if (options_.outlets.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const evidence::TreeHead head, store_.evidence().Head());
  const absl::StatusOr<std::string> text = options_.load();
  absl::StatusOr<Positions> known =
      text.ok() ? DecodePositions(*text) : absl::StatusOr<Positions>(text.status());
  if (!known.ok() && !absl::IsNotFound(known.status())) {
    spdlog::error(
        "how far the outlets of [[siem]] had come cannot be read: {}; each is sent all that the "
        "evidence log keeps",
        Message(known.status()));
  }
  for (const SiemOutlet& outlet : options_.outlets) {
    Position position;
    position.next = absl::IsNotFound(known.status()) || known.ok() ? head.size : 0;
    if (known.ok() && known->contains(outlet.name)) {
      position = known->at(outlet.name);
    }
    runners_.push_back(std::make_unique<Runner>(store_,
                                                clock_,
                                                outlet,
                                                options_.make(outlet, options_.server),
                                                std::move(position),
                                                options_.heartbeat));
    const absl::MutexLock lock(&runners_.back()->mutex);
    runners_.back()->figures.outlet = outlet.name;
  }
  Save();
  return absl::OkStatus();
}

void Relay::Start() {
  for (const auto& runner : runners_) {
    runner->thread = std::make_unique<BackgroundThread>([this, one = runner.get()] { Serve(one); });
  }
}

void Relay::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) {
      return;
    }
  }
  for (const auto& runner : runners_) {
    runner->thread.reset();
  }
  if (!runners_.empty()) {
    Save();
  }
}

bool Relay::Pause(absl::Duration wait) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), wait);
}

void Relay::Serve(Runner* runner) {
  while (!Pause(runner->wait)) {
    Step(runner);
  }
}

bool Relay::StepAll() {
  bool more = false;
  for (const auto& runner : runners_) {
    more = Step(runner.get()) || more;
  }
  return more;
}

bool Relay::Step(Runner* runner) {
  const absl::StatusOr<bool> more = runner->stream.Step();
  const uint32_t failures = runner->backoff.failures();
  if (more.ok()) {
    runner->backoff.Succeeded();
    runner->wait = *more ? absl::ZeroDuration() : kLookEvery;
    if (failures > 0) {
      spdlog::info("siem {}: goes on after {} tries that failed", runner->config.name, failures);
    }
  } else {
    runner->wait = runner->backoff.Failed();
    spdlog::error("siem {}: {}; trying again in {}",
                  runner->config.name,
                  Message(more.status()),
                  absl::FormatDuration(absl::Trunc(runner->wait, absl::Milliseconds(100))));
  }
  {
    const absl::MutexLock lock(&runner->mutex);
    runner->kept = runner->stream.Kept();
    runner->figures.sent = runner->stream.sent();
    runner->figures.failed += more.ok() ? 0 : 1;
    runner->figures.lost = runner->stream.lost();
    runner->figures.behind = runner->stream.behind();
  }
  // What is not kept is sent again: no more than a second's.
  if (const absl::Duration now = clock_.Monotonic(); now - runner->saved >= kSaveEvery) {
    runner->saved = now;
    Save();
  }
  return more.ok() && *more;
}

void Relay::Save() {
  const absl::MutexLock lock(&save_mutex_);
  Positions positions;
  for (const auto& runner : runners_) {
    const absl::MutexLock runner_lock(&runner->mutex);
    positions[runner->config.name] = runner->kept;
  }
  std::string text = EncodePositions(positions);
  if (text == kept_) {
    return;
  }
  if (const absl::Status saved = options_.save(text); !saved.ok()) {
    spdlog::error(
        "how far the outlets of [[siem]] have come is not kept: {}; after a restart they may be "
        "sent "
        "the same again",
        Message(saved));
    return;
  }
  kept_ = std::move(text);
}

std::vector<OutletFigures> Relay::Figures() const {
  std::vector<OutletFigures> figures;
  for (const auto& runner : runners_) {
    const absl::MutexLock lock(&runner->mutex);
    figures.push_back(runner->figures);
  }
  return figures;
}

}  // namespace fettle::server::siem
