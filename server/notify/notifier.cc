// SPDX-License-Identifier: Apache-2.0
#include "server/notify/notifier.h"

#include <algorithm>
#include <map>
#include <utility>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "server/fleet/host_fields.h"
#include "server/notify/delivery.h"
#include "server/notify/selection.h"

namespace fettle::server::notify {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(5);
constexpr absl::Duration kLeastBetween = absl::Seconds(1);
// Looking takes at most this part of one processor.
constexpr int kLookShare = 20;
constexpr absl::Duration kLongestWait = absl::Hours(1);

// Hosts as filters see them, each made when it is first asked for.
class HostsForFilters {
 public:
  HostsForFilters(Store& store, const std::map<std::string, HostView>& hosts)
      : store_(store), hosts_(hosts) {}

  // Null for no host, or one that is not there.
  const HostFields* Find(const std::string& name) {
    const auto host = hosts_.find(name);
    if (name.empty() || host == hosts_.end()) {
      return nullptr;
    }
    auto& fields = made_[name];
    if (fields == nullptr) {
      fields = std::make_unique<HostFields>(host->second, [this, name] {
        return store_.reports().FactsOf(name).value_or("");  // Without facts none holds.
      });
    }
    return fields.get();
  }

 private:
  Store& store_;
  const std::map<std::string, HostView>& hosts_;
  std::map<std::string, std::unique_ptr<HostFields>> made_;
};

}  // namespace

// One hook and its thread.
struct Notifier::Runner {
  Runner(const NotifyHook& the_config, Sender who, HookMemory memory)
      : config(the_config), hook(config, std::move(who), RandomShare, std::move(memory)) {}

  const NotifyHook config;
  mutable absl::Mutex mutex;
  absl::CondVar changed;
  Hook hook ABSL_GUARDED_BY(mutex);
  std::atomic<uint64_t> sent = 0;
  std::atomic<uint64_t> failed = 0;
  std::atomic<uint64_t> dropped = 0;
  std::unique_ptr<BackgroundThread> thread;
};

Notifier::Notifier(Store& store,
                   ChangeFeed& changes,
                   const Clock& clock,
                   const PostSender& sender,
                   Options options)
    : store_(store),
      changes_(changes),
      clock_(clock),
      sender_(sender),
      options_(std::move(options)) {}

Notifier::~Notifier() {
  Stop();
}

absl::Status Notifier::Prepare() {
  if (options_.hooks.empty()) {
    return absl::OkStatus();
  }
  Memory memory;
  memory.cursor = clock_.Now();
  const absl::StatusOr<std::string> text = options_.load();
  absl::StatusOr<Memory> known =
      text.ok() ? DecodeMemory(*text) : absl::StatusOr<Memory>(text.status());
  if (known.ok()) {
    memory = *std::move(known);
  } else if (!absl::IsNotFound(known.status())) {
    spdlog::error(
        "what receivers of notifications were told cannot be read: {}; all that is so "
        "now is told as new",
        Message(known.status()));
  }
  for (const NotifyHook& hook : options_.hooks) {
    RETURN_IF_ERROR(Selection::Make(hook, clock_.Now()).status());
    runners_.push_back(std::make_unique<Runner>(
        hook, Sender{options_.server, options_.link, hook.name}, memory.hooks[hook.name]));
  }
  observer_ = std::make_unique<Observer>(store_, clock_, options_.observer, memory.cursor);
  const absl::MutexLock lock(&save_mutex_);
  cursor_ = memory.cursor;
  return absl::OkStatus();
}

void Notifier::Start() {
  if (runners_.empty()) {
    return;
  }
  for (const auto& runner : runners_) {
    runner->thread = std::make_unique<BackgroundThread>([this, one = runner.get()] { Serve(one); });
  }
  watcher_ = std::make_unique<BackgroundThread>([this] { Watch(); });
}

void Notifier::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) {
      return;
    }
  }
  cancelled_ = true;
  for (const auto& runner : runners_) {
    const absl::MutexLock lock(&runner->mutex);
    runner->changed.SignalAll();
  }
  watcher_.reset();
  for (const auto& runner : runners_) {
    runner->thread.reset();
  }
  if (!runners_.empty()) {
    Save();
  }
}

bool Notifier::Pause(absl::Duration wait) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), wait);
}

void Notifier::Watch() {
  const std::unique_ptr<ChangeFeed::Listener> listener = changes_.Listen();
  absl::Duration wait = absl::ZeroDuration();
  while (!Pause(wait)) {
    const absl::Duration began = clock_.Monotonic();
    const absl::Status status = Look();
    const std::string problem(Message(status));
    if (!status.ok() && problem != last_problem_) {
      spdlog::error("notifications: the fleet cannot be looked at: {}; looking again", problem);
    }
    last_problem_ = problem;
    wait = std::max(kLeastBetween, kLookShare * (clock_.Monotonic() - began));
    if (Pause(wait)) {
      return;
    }
    wait = absl::ZeroDuration();
    if (listener == nullptr || listener->closed()) {
      wait = kLookEvery;
    } else {
      listener->Take(kLookEvery);
    }
  }
}

bool Notifier::WasTold(const Key& key) const {
  return std::any_of(runners_.begin(), runners_.end(), [&](const auto& runner) {
    const absl::MutexLock lock(&runner->mutex);
    return runner->hook.WasTold(key);
  });
}

absl::Status Notifier::Look() {
  ASSIGN_OR_RETURN(const Observation seen,
                   observer_->Observe([this](const Key& key) { return WasTold(key); }));
  HostsForFilters hosts(store_, seen.hosts);
  for (const auto& runner : runners_) {
    ASSIGN_OR_RETURN(const Selection selection, Selection::Make(runner->config, clock_.Now()));
    Standing standing;
    for (const auto& [key, notice] : seen.standing) {
      if (selection.Wants(notice, hosts.Find(key.host))) {
        standing.emplace(key, notice);
      }
    }
    std::vector<Notice> passed;
    for (const Notice& notice : seen.passed) {
      if (selection.Wants(notice, hosts.Find(notice.key.host))) {
        passed.push_back(notice);
      }
    }
    const absl::MutexLock lock(&runner->mutex);
    const uint64_t dropped =
        runner->hook.Look(std::move(standing), std::move(passed), seen.cut, clock_.Monotonic());
    if (dropped > 0) {
      runner->dropped += dropped;
      spdlog::error("notify {}: {} notices are dropped: more than {} wait for the receiver",
                    runner->config.name,
                    dropped,
                    Hook::kMostPassed);
    }
    runner->changed.Signal();
  }
  {
    const absl::MutexLock lock(&save_mutex_);
    cursor_ = observer_->cursor();
  }
  if (!seen.passed.empty()) {
    Save();
  }
  return seen.problem;
}

void Notifier::Serve(Runner* runner) {
  while (true) {
    {
      const absl::MutexLock lock(&runner->mutex);
      while (!cancelled_ && runner->hook.Due() > clock_.Monotonic()) {
        runner->changed.WaitWithTimeout(
            &runner->mutex, std::min(runner->hook.Due() - clock_.Monotonic(), kLongestWait));
      }
      if (cancelled_) {
        return;
      }
    }
    DeliverDue(runner);
  }
}

void Notifier::DeliverDue() {
  for (const auto& runner : runners_) {
    DeliverDue(runner.get());
  }
}

void Notifier::DeliverDue(Runner* runner) {
  std::optional<Hook::Delivery> delivery;
  {
    const absl::MutexLock lock(&runner->mutex);
    delivery = runner->hook.Compose(clock_.Now(), clock_.Monotonic());
  }
  if (!delivery.has_value()) {
    return;
  }
  const Outcome outcome = Deliver(runner->config, delivery->bodies, sender_, cancelled_);
  if (absl::IsAborted(outcome.status)) {
    return;  // Told at the next start.
  }
  uint64_t dropped = 0;
  uint32_t failures = 0;
  absl::Duration wait = absl::ZeroDuration();
  {
    const absl::MutexLock lock(&runner->mutex);
    const absl::Duration now = clock_.Monotonic();
    failures = runner->hook.failures();
    if (outcome.status.ok()) {
      runner->hook.Delivered(*delivery, now);
    } else {
      dropped = runner->hook.Failed(*delivery, outcome.refused, outcome.retry_after, now);
      wait = runner->hook.Due() - now;
    }
  }
  (outcome.status.ok() ? runner->sent : runner->failed) += 1;
  runner->dropped += dropped;
  if (!outcome.status.ok()) {
    spdlog::error("notify {}: {}; trying again in {}",
                  runner->config.name,
                  Message(outcome.status),
                  absl::FormatDuration(absl::Trunc(wait, absl::Milliseconds(100))));
  } else if (failures > 0) {
    spdlog::info("notify {}: told after {} tries that failed", runner->config.name, failures);
  }
  if (dropped > 0) {
    spdlog::error("notify {}: {} notices are dropped: the receiver refused them {} times",
                  runner->config.name,
                  dropped,
                  Hook::kMostRefusals);
  }
  if ((outcome.status.ok() && delivery->notices + delivery->dropped > 0) || dropped > 0) {
    Save();
  }
}

void Notifier::Save() {
  const absl::MutexLock lock(&save_mutex_);
  Memory memory;
  memory.cursor = cursor_;
  for (const auto& runner : runners_) {
    const absl::MutexLock runner_lock(&runner->mutex);
    memory.hooks[runner->config.name] = runner->hook.Memory();
  }
  if (const absl::Status saved = options_.save(EncodeMemory(memory)); !saved.ok()) {
    spdlog::error(
        "what receivers of notifications were told is not kept: {}; after a restart they "
        "may be told again",
        Message(saved));
  }
}

std::vector<HookFigures> Notifier::Figures() const {
  std::vector<HookFigures> figures;
  for (const auto& runner : runners_) {
    const absl::MutexLock lock(&runner->mutex);
    figures.push_back({runner->config.name,
                       runner->sent,
                       runner->failed,
                       runner->dropped,
                       runner->hook.Pending()});
  }
  return figures;
}

}  // namespace fettle::server::notify
