// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "fettle/v1/agent.pb.h"
#include "server/fleet/assigner.h"

namespace fettle::server {

// As it goes to a host. There must be a revision in it.
v1::Assignment ToProto(const Assignment& assignment);

// What waits to be sent in one session: bounded, because of each kind only the newest counts. The
// HelloAck goes first, whatever came before it; a farewell goes last. One thread at a time.
class Outbox {
 public:
  void PutHelloAck(v1::HelloAck ack) { hello_ack_ = std::move(ack); }

  // Kept unless a newer one was given before, or it says what was sent last. Answers whether it was
  // kept.
  bool PutAssignment(const Assignment& assignment);

  // Of one epoch the highest counts. An agent has one epoch, seldom two.
  void PutAcknowledgement(const std::string& epoch, uint64_t sequence);

  void PutResync() { resync_ = true; }

  void PutPackagesResync() { packages_resync_ = true; }

  // False when kMaxRuns wait already.
  bool PutRun(const std::string& id, const std::string& reason);

  // The latest wins.
  void PutPause(v1::PauseOrder order) { pause_ = std::move(order); }

  // False when kMaxRuns wait already.
  bool PutTask(const v1::Task& task);

  void PutDrain(uint32_t reconnect_window_seconds) { drain_ = reconnect_window_seconds; }

  // Takes out the next message to send, if there is one.
  std::optional<v1::ServerMessage> Next();

  // Forgets all that waits.
  void Clear();

  static constexpr std::size_t kMaxRuns = 16;

 private:
  std::optional<v1::ServerMessage> NextAfterHello();

  bool greeted_ = false;  // The HelloAck was taken out.
  std::optional<v1::HelloAck> hello_ack_;
  std::map<std::string, uint64_t> acknowledged_;
  bool resync_ = false;
  bool packages_resync_ = false;
  std::optional<Assignment> assignment_;
  Assignment last_assignment_;  // Kept last, sent or waiting.
  std::deque<v1::RunRequest> runs_;
  std::optional<v1::PauseOrder> pause_;
  std::deque<v1::Task> tasks_;
  std::optional<uint32_t> drain_;
};

}  // namespace fettle::server
