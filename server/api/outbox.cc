// SPDX-License-Identifier: Apache-2.0
#include "server/api/outbox.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

bool SaysTheSame(const Assignment& a, const Assignment& b) {
  return a.revision != nullptr && b.revision != nullptr && a.revision->id == b.revision->id &&
         a.channel == b.channel && a.labels == b.labels;
}

}  // namespace

v1::Assignment ToProto(const Assignment& assignment) {
  v1::Assignment out;
  out.set_revision(fmt::format("r{}", assignment.revision->number));
  out.set_revision_id(wire::ToProto(assignment.revision->id));
  out.set_statement(assignment.revision->statement);
  out.set_signature(assignment.revision->signature);
  out.set_channel(assignment.channel);
  out.mutable_labels()->insert(assignment.labels.begin(), assignment.labels.end());
  return out;
}

bool Outbox::PutAssignment(const Assignment& assignment) {
  if (assignment.version < last_assignment_.version) {
    return false;
  }
  const bool same = SaysTheSame(assignment, last_assignment_);
  last_assignment_ = assignment;
  if (same) {
    return false;
  }
  assignment_.reset();  // Whatever waits is out of date, also when the new one says nothing.
  if (assignment.revision == nullptr) {
    return false;
  }
  assignment_ = assignment;
  return true;
}

void Outbox::PutAcknowledgement(const std::string& epoch, uint64_t sequence) {
  uint64_t& highest = acknowledged_[epoch];
  highest = std::max(highest, sequence);
}

bool Outbox::PutRun(const std::string& id, const std::string& reason) {
  if (runs_.size() >= kMaxRuns) {
    return false;
  }
  v1::RunRequest run;
  run.set_id(id);
  run.set_reason(reason);
  runs_.push_back(std::move(run));
  return true;
}

bool Outbox::PutTask(const v1::Task& task) {
  if (tasks_.size() >= kMaxRuns) {
    return false;
  }
  tasks_.push_back(task);
  return true;
}

std::optional<v1::ServerMessage> Outbox::Next() {
  v1::ServerMessage message;
  if (hello_ack_.has_value()) {
    *message.mutable_hello_ack() = *std::exchange(hello_ack_, std::nullopt);
    greeted_ = true;
    return message;
  }
  return greeted_ ? NextAfterHello() : std::nullopt;
}

std::optional<v1::ServerMessage> Outbox::NextAfterHello() {
  v1::ServerMessage message;
  if (!acknowledged_.empty()) {
    const auto first = acknowledged_.begin();
    message.mutable_acknowledgement()->set_epoch(first->first);
    message.mutable_acknowledgement()->set_sequence(first->second);
    acknowledged_.erase(first);
  } else if (std::exchange(resync_, false)) {
    message.mutable_resync();
  } else if (std::exchange(packages_resync_, false)) {
    message.mutable_resync()->set_packages(true);
  } else if (assignment_.has_value()) {
    *message.mutable_assignment() = ToProto(*assignment_);
    assignment_.reset();
  } else if (!runs_.empty()) {
    *message.mutable_run() = std::move(runs_.front());
    runs_.pop_front();
  } else if (pause_.has_value()) {
    *message.mutable_pause() = *std::exchange(pause_, std::nullopt);
  } else if (!tasks_.empty()) {
    *message.mutable_task() = std::move(tasks_.front());
    tasks_.pop_front();
  } else if (drain_.has_value()) {
    message.mutable_drain()->set_reconnect_window_seconds(*std::exchange(drain_, std::nullopt));
  } else {
    return std::nullopt;
  }
  return message;
}

void Outbox::Clear() {
  hello_ack_.reset();
  acknowledged_.clear();
  resync_ = false;
  packages_resync_ = false;
  assignment_.reset();
  runs_.clear();
  pause_.reset();
  tasks_.clear();
  drain_.reset();
}

}  // namespace fettle::server
