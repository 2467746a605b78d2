// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/confirmer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr absl::Duration kBetween = absl::Seconds(2);    // Between tries that fail.
constexpr absl::Duration kPatience = absl::Seconds(15);  // With a link that does not answer.

}  // namespace

void Confirmer::Attach(link::Outlet* outlet) {
  outlet_ = outlet;
  if (probing_) {
    probing_ = false;
    next_probe_ = clock_.Monotonic();
  }
}

void Confirmer::Begin(undo::Pending pending) {
  pending_ = std::move(pending);
  until_ = clock_.Monotonic() + pending_->window;
  next_probe_ = clock_.Monotonic();
  probing_ = false;
  confirmed_ = false;
  tries_ = 0;
  trouble_ = "none could be made yet";
}

undo::Pending Confirmer::End() {
  until_ = absl::InfiniteDuration();
  next_probe_ = absl::InfiniteDuration();
  return *std::exchange(pending_, std::nullopt);
}

void Confirmer::OnProbed(const link::Probed& probed) {
  // An answer to an earlier question may be from before the change.
  if (!pending_.has_value() || !probing_ || probed.id != probe_) {
    return;
  }
  probing_ = false;
  confirmed_ = probed.error.empty();
  trouble_ = probed.error;
  next_probe_ = clock_.Monotonic() + kBetween;
}

void Confirmer::Tick() {
  if (pending_.has_value() && !confirmed_ && clock_.Monotonic() >= next_probe_) {
    Probe();
  }
}

void Confirmer::Probe() {
  next_probe_ = clock_.Monotonic() + kBetween;
  const absl::StatusOr<link::Credentials> credentials = credentials_();
  if (!credentials.ok()) {
    ++tries_;
    trouble_ = fmt::format("the agent could not start again: {}", Message(credentials.status()));
    return;
  }
  server_ = credentials->server;
  if (outlet_ == nullptr) {
    trouble_ = "the link to the server does not run";
    return;
  }
  ++tries_;
  if (probing_) {
    trouble_ = "the link gave no answer";
  }
  probing_ = true;
  next_probe_ = clock_.Monotonic() + kPatience;
  outlet_->Probe(++probe_, *credentials);
}

Confirmer::Verdict Confirmer::Judge() const {
  if (!pending_.has_value()) {
    return Verdict::kNone;
  }
  if (confirmed_) {
    return Verdict::kConfirmed;
  }
  return clock_.Monotonic() >= until_ ? Verdict::kTooLate : Verdict::kNone;
}

absl::Duration Confirmer::NextTick() const {
  return std::min(until_, next_probe_);
}

std::string Confirmer::Describe() const {
  const absl::Duration left =
      std::max(until_ - clock_.Monotonic(), absl::ZeroDuration()) + absl::Milliseconds(500);
  return fmt::format("waiting for a new connection to {}, {} s left; the last try: {}",
                     server_.empty() ? "the server" : server_,
                     absl::ToInt64Seconds(left),
                     trouble_);
}

std::string Confirmer::WhyNot() const {
  return fmt::format("no new connection to {} within {} ({} {}; the last: {})",
                     server_.empty() ? "the server" : server_,
                     absl::FormatDuration(pending_->window),
                     tries_,
                     tries_ == 1 ? "try" : "tries",
                     trouble_);
}

}  // namespace fettle::agent
