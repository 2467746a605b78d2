// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/session.h"

#include <algorithm>
#include <vector>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr absl::Duration kNoteworthySkew = absl::Minutes(2);

void NoteSkew(absl::Time server, absl::Time here) {
  const absl::Duration skew = here - server;
  if (absl::AbsDuration(skew) > kNoteworthySkew) {
    spdlog::warn("this host's clock is {} {} the server's; times in reports are this host's",
                 absl::FormatDuration(absl::AbsDuration(skew)),
                 skew > absl::ZeroDuration() ? "ahead of" : "behind");
  }
}

}  // namespace

void Session::Attach(link::Outlet* outlet) {
  outlet_ = outlet;
  connected_ = false;
  greeted_ = false;
  next_heartbeat_ = absl::InfiniteDuration();
}

void Session::OnConnected(const Standing& standing) {
  connected_ = true;
  greeted_ = false;
  link::Hello hello;
  hello.agent_version = self_.version;
  hello.epoch = spool_.epoch();
  hello.next_sequence = spool_.next_sequence();
  hello.machine_id = self_.machine_id;
  hello.revision_id = standing.revision_id;
  hello.states = standing.states;
  hello.catalog = standing.catalog;
  outlet_->Send(hello);
}

void Session::OnDisconnected(const std::string& reason) {
  if (greeted_ || (reason != trouble_ && connected_) || trouble_ == "connecting") {
    spdlog::warn("{}", reason);
  } else {
    spdlog::debug("{}", reason);
  }
  trouble_ = reason;
  connected_ = false;
  greeted_ = false;
  next_heartbeat_ = absl::InfiniteDuration();
}

void Session::OnHelloAck(const link::HelloAck& ack) {
  if (!connected_) {
    return;
  }
  NoteSkew(ack.server_time, clock_.Now());
  absl::Status status;
  if (ack.acknowledged >= spool_.next_sequence()) {
    spdlog::warn(
        "the server has reports of this host up to number {}, and the next here would be {}: this "
        "host was restored from a copy, or is one; its reports begin anew",
        ack.acknowledged,
        spool_.next_sequence());
    status = spool_.Renumber();
    covered_ = 0;
  } else {
    covered_ = ack.acknowledged;
    status = spool_.Acknowledge(ack.acknowledged);
  }
  if (!status.ok()) {
    spdlog::error("{}; reports stay where they are", Message(status));
  }
  if (!greeted_) {
    spdlog::info("connected; {} reports wait", spool_.waiting());
  }
  greeted_ = true;
  trouble_.clear();
  heartbeat_ = ack.heartbeat;
  next_heartbeat_ = clock_.Monotonic() + heartbeat_;
  sent_ = 0;
  in_flight_.clear();
  Pump();
}

void Session::OnAcknowledged(const link::Acknowledged& acknowledged) {
  if (!greeted_ || acknowledged.epoch != spool_.epoch()) {
    return;
  }
  if (const absl::Status status = spool_.Acknowledge(acknowledged.sequence); !status.ok()) {
    spdlog::error("{}; the reports are sent again later, and counted once", Message(status));
  }
  while (!in_flight_.empty() && in_flight_.front() <= acknowledged.sequence) {
    in_flight_.pop_front();
  }
  Pump();
}

void Session::Pump() {
  while (greeted_ && in_flight_.size() < kMostBatches && sent_ + 1 < spool_.next_sequence()) {
    auto records = spool_.Unacknowledged(sent_ + 1, kBatchBytes);
    if (!records.ok()) {
      spdlog::error("{}; reports wait until the agent is restarted", Message(records.status()));
      return;
    }
    if (records->empty()) {
      sent_ = spool_.next_sequence() - 1;  // All were acknowledged before.
      return;
    }
    std::vector<link::SpooledReport> reports;
    for (report::SpoolRecord& record : *records) {
      reports.push_back({record.sequence, record.recorded, std::move(record.body)});
    }
    sent_ = reports.back().sequence;
    in_flight_.push_back(sent_);
    outlet_->Send(spool_.epoch(), std::exchange(covered_, sent_), reports);
  }
}

void Session::Tick(const Standing& standing) {
  if (!greeted_ || clock_.Monotonic() < next_heartbeat_) {
    return;
  }
  next_heartbeat_ = clock_.Monotonic() + heartbeat_;
  outlet_->Send(link::Heartbeat{standing.states,
                                standing.catalog,
                                standing.revision_id,
                                spool_.waiting(),
                                clock_.Now(),
                                standing.packages});
}

absl::Duration Session::NextTick() const {
  return greeted_ ? next_heartbeat_ : absl::InfiniteDuration();
}

}  // namespace fettle::agent
