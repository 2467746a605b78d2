// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/link_keeper.h"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr absl::Duration kFirstWait = absl::Seconds(1);
constexpr absl::Duration kLongestWait = absl::Minutes(5);
constexpr absl::Duration kLongLife = absl::Minutes(10);

}  // namespace

void LinkKeeper::Tick() {
  if (running_.has_value() || clock_.Monotonic() < due_) {
    return;
  }
  auto child = link::LinkChild::Start(program_, user_, {"run"});
  if (!child.ok()) {
    RetryLater();
    spdlog::error("cannot start the link to the server: {}; trying again in {}",
                  Message(child.status()),
                  absl::FormatDuration(wait_));
    return;
  }
  if (::fcntl(child->socket(), F_SETFL, O_NONBLOCK) != 0) {
    RetryLater();
    return;
  }
  started_ = clock_.Monotonic();
  running_.emplace(*std::move(child), signer_);
  agent_.Attach(&running_->port);
  Flush();
}

void LinkKeeper::RetryLater() {
  wait_ = std::clamp(wait_ * 2, kFirstWait, kLongestWait);
  due_ = clock_.Monotonic() + wait_;
}

void LinkKeeper::OnReadable() {
  if (!running_.has_value()) {
    return;
  }
  std::vector<link::Event> events;
  const absl::Status status = running_->port.Read(&events);
  for (const link::Event& event : events) {
    agent_.OnEvent(event);
  }
  if (!status.ok()) {
    Lose(std::string(Message(status)));
    return;
  }
  Flush();
}

void LinkKeeper::Flush() {
  if (!running_.has_value()) {
    return;
  }
  if (const absl::Status status = running_->port.Flush(); !status.ok()) {
    Lose(std::string(Message(status)));
  }
}

void LinkKeeper::Lose(const std::string& why) {
  if (clock_.Monotonic() - started_ > kLongLife) {
    wait_ = absl::ZeroDuration();
  }
  RetryLater();
  const std::string trouble =
      fmt::format("{}; starting it again in {}", why, absl::FormatDuration(wait_));
  agent_.Attach(nullptr, trouble);
  running_.reset();
}

}  // namespace fettle::agent
