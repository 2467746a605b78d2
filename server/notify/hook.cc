// SPDX-License-Identifier: Apache-2.0
#include "server/notify/hook.h"

#include <algorithm>
#include <utility>

#include "lib/base/ids.h"

namespace fettle::server::notify {
namespace {

constexpr absl::Duration kFirstWait = absl::Seconds(2);
constexpr std::string_view kRecovery = "recovery";
// An alert that is not told again for so many repeats is over, says Alertmanager.
constexpr int kRepeatsMissed = 4;

}  // namespace

Hook::Hook(NotifyHook config, Sender sender, std::function<double()> random, HookMemory memory)
    : config_(std::move(config)),
      sender_(std::move(sender)),
      backoff_(kFirstWait, config_.most_wait, std::move(random)),
      told_(std::move(memory.told)),
      dropped_(memory.dropped) {
  for (Notice& notice : memory.passed) {
    passed_.push_back({++last_number_, std::move(notice)});
  }
}

// Alertmanager decides itself whom it tells that something is over.
bool Hook::TellsEnds() const {
  return config_.format == NotifyFormat::kAlertmanager || config_.kinds.contains(kRecovery);
}

std::vector<const Notice*> Hook::Began() const {
  std::vector<const Notice*> began;
  for (const auto& [key, notice] : standing_) {
    if (!told_.contains(key)) {
      began.push_back(&notice);
    }
  }
  return began;
}

std::vector<const Notice*> Hook::Over() const {
  std::vector<const Notice*> over;
  for (const auto& [key, notice] : told_) {
    if (!standing_.contains(key)) {
      over.push_back(&notice);
    }
  }
  return over;
}

void Hook::ForgetUntold() {
  std::erase_if(told_, [&](const auto& one) { return !standing_.contains(one.first); });
}

uint64_t Hook::Look(Standing standing, std::vector<Notice> passed, bool cut, absl::Duration now) {
  for (Notice& notice : passed) {
    // The end of what was told to last is told as that.
    if (!told_.contains(notice.key)) {
      passed_.push_back({++last_number_, std::move(notice)});
    }
  }
  uint64_t dropped = 0;
  for (; passed_.size() > kMostPassed; ++dropped) {
    passed_.pop_front();
  }
  dropped_ += dropped;
  for (auto& [key, notice] : standing) {
    // Of some things it is not known since when they are so, but for when they were first seen.
    const Standing& before = told_.contains(key) ? told_ : standing_;
    if (const auto found = before.find(key); found != before.end()) {
      notice.since = std::min(notice.since, found->second.since);
    }
  }
  standing_ = std::move(standing);
  cut_ = cut_ || cut;  // Until it is said.
  looked_ = true;
  if (!TellsEnds()) {
    ForgetUntold();
  }
  if (Pending() == 0) {
    pending_since_ = absl::InfiniteDuration();
  } else if (pending_since_ == absl::InfiniteDuration()) {
    pending_since_ = now;
  }
  return dropped;
}

uint64_t Hook::Pending() const {
  return looked_ ? Began().size() + Over().size() + passed_.size() : 0;
}

absl::Duration Hook::Due() const {
  if (!looked_) {
    return absl::InfiniteDuration();
  }
  absl::Duration due = absl::InfiniteDuration();
  if (pending_since_ != absl::InfiniteDuration()) {
    due = std::max(pending_since_ + config_.wait, last_sent_ + config_.interval);
  }
  if (config_.format == NotifyFormat::kAlertmanager && !standing_.empty()) {
    // After a restart at once: how long ago it was told is not known.
    due = std::min(due, last_sent_ + config_.repeat);
  }
  return std::max(due, retry_at_);
}

std::optional<Hook::Delivery> Hook::Compose(absl::Time now, absl::Duration monotonic) const {
  if (monotonic < Due()) {
    return std::nullopt;
  }
  Delivery delivery =
      config_.format == NotifyFormat::kAlertmanager ? ComposeAlerts(now) : ComposeMessage(now);
  for (const Notice* notice : Began()) {
    delivery.began.emplace(notice->key, *notice);
  }
  for (const Notice* notice : Over()) {
    delivery.over.push_back(notice->key);
  }
  delivery.passed_up_to = passed_.empty() ? 0 : passed_.back().number;
  delivery.notices = Pending();
  delivery.dropped = dropped_;
  delivery.cut = cut_;
  return delivery;
}

Hook::Delivery Hook::ComposeMessage(absl::Time now) const {
  std::vector<const Notice*> happened;
  for (const Numbered& one : passed_) {
    happened.push_back(&one.notice);
  }
  Bulletin message = GroupTogether(Began(), Over(), happened);
  message.dropped = dropped_;
  message.cut = cut_;
  Delivery delivery;
  delivery.bodies = {config_.format == NotifyFormat::kSlack
                         ? SlackBody(sender_, message)
                         : GenericBody(sender_, message, NewId(), now)};
  return delivery;
}

Hook::Delivery Hook::ComposeAlerts(absl::Time now) const {
  std::vector<Alert> alerts;
  const absl::Duration good = kRepeatsMissed * std::max(config_.repeat, config_.interval);
  for (const auto& [key, notice] : standing_) {
    alerts.push_back({&notice, now + good});
  }
  for (const Notice* notice : Over()) {
    alerts.push_back({notice, now});
  }
  for (const Numbered& one : passed_) {
    if (!standing_.contains(one.notice.key)) {
      alerts.push_back({&one.notice, now + kShowPassed});
    }
  }
  Delivery delivery;
  for (std::size_t at = 0; at < alerts.size(); at += kAlertsInABody) {
    const std::size_t end = std::min(alerts.size(), at + kAlertsInABody);
    delivery.bodies.push_back(
        AlertmanagerBody(sender_,
                         {alerts.begin() + static_cast<std::ptrdiff_t>(at),
                          alerts.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return delivery;
}

void Hook::Forget(const Delivery& delivery) {
  for (const auto& [key, notice] : delivery.began) {
    told_.emplace(key, notice);
  }
  for (const Key& key : delivery.over) {
    told_.erase(key);
  }
  while (!passed_.empty() && passed_.front().number <= delivery.passed_up_to) {
    passed_.pop_front();
  }
  refusals_ = 0;
}

void Hook::Delivered(const Delivery& delivery, absl::Duration now) {
  Forget(delivery);
  dropped_ -= std::min(dropped_, delivery.dropped);
  cut_ = cut_ && !delivery.cut;
  backoff_.Succeeded();
  last_sent_ = now;
  retry_at_ = -absl::InfiniteDuration();
  if (!TellsEnds()) {
    ForgetUntold();
  }
  pending_since_ = Pending() == 0 ? absl::InfiniteDuration() : now;
}

uint64_t Hook::Failed(const Delivery& delivery,
                      bool refused,
                      absl::Duration retry_after,
                      absl::Duration now) {
  retry_at_ = now + backoff_.Failed(retry_after);
  refusals_ = refused ? refusals_ + 1 : 0;
  if (refusals_ < kMostRefusals) {
    return 0;
  }
  Forget(delivery);
  dropped_ += delivery.notices;
  last_sent_ = now;
  pending_since_ = Pending() == 0 ? absl::InfiniteDuration() : now;
  return delivery.notices;
}

HookMemory Hook::Memory() const {
  HookMemory memory{told_, {}, dropped_};
  for (const Numbered& one : passed_) {
    memory.passed.push_back(one.notice);
  }
  return memory;
}

}  // namespace fettle::server::notify
