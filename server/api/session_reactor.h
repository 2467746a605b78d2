// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "fettle/v1/agent.pb.h"
#include "server/api/context.h"
#include "server/api/outbox.h"
#include "server/api/peer.h"
#include "server/fleet/agreement.h"
#include "server/fleet/session.h"

namespace fettle::server {

// One agent's stream. gRPC's reactions only look at messages and hand on: what asks the store or
// may wait runs on the pool; reports go to the store's own thread, which answers through the pool.
// One read and one write are under way at most, and no more than kWindow batches of reports: a host
// that sends faster than the store stores is read no further.
//
// Safe from any thread. Shared by the registry, tasks of the pool and callbacks of the store; holds
// itself until gRPC says that the stream is over (OnDone).
class SessionReactor final : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ServerMessage>,
                             public Session,
                             public std::enable_shared_from_this<SessionReactor> {
 public:
  // Begins to read. The answer belongs to itself.
  static SessionReactor* Open(const Context& context, Peer peer, grpc::CallbackServerContext* call);

  // As Session says.
  const std::string& host() const override { return peer_.identity.name; }

  void Assign(const Assignment& assignment) override ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<Digest> SentRevisions() const override ABSL_LOCKS_EXCLUDED(mutex_);
  bool RequestRun(const std::string& id, const std::string& reason) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool Pause(absl::Duration span, const std::string& reason, const std::string& by) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool Ask(const v1::Task& task, const Digest* revision) override ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const absl::Status& why) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Drain(absl::Duration reconnect_window) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Tend() override ABSL_LOCKS_EXCLUDED(mutex_);

  // As gRPC says.
  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  SessionReactor(const Context& context, Peer peer, grpc::CallbackServerContext* call);

  // Unless it is over.
  void Read() ABSL_LOCKS_EXCLUDED(mutex_);

  // On gRPC's threads.
  void Heard(const v1::Heartbeat& heartbeat) ABSL_LOCKS_EXCLUDED(mutex_);
  void Reported(const v1::ReportBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);

  // On the pool.
  void TakeIn(const v1::Hello& hello);
  absl::Status Establish(const v1::Hello& hello) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Claim(const HostRecord& host, const v1::Hello& hello);
  void NoteHello(HostRecord host, const v1::Hello& hello, const Digest& revision);
  void Stored(const std::string& epoch,
              const absl::StatusOr<uint64_t>& stored,
              const std::optional<Agreement::Question>& question) ABSL_LOCKS_EXCLUDED(mutex_);
  void Compare(const Agreement::Question& question) ABSL_LOCKS_EXCLUDED(mutex_);
  void CompareHeartbeat(Agreement::Question question) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sends the next message, or ends, unless a write is under way.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLocked(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Context context_;
  const Peer peer_;
  const std::string address_;
  const absl::Duration opened_;  // Monotonic.

  mutable absl::Mutex mutex_;
  // Of the one read that is under way.
  std::unique_ptr<v1::AgentMessage> incoming_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<SessionReactor> self_ ABSL_GUARDED_BY(mutex_);
  grpc::CallbackServerContext* call_ ABSL_GUARDED_BY(mutex_);  // Null once it is over.
  Outbox outbox_ ABSL_GUARDED_BY(mutex_);
  Agreement agreement_ ABSL_GUARDED_BY(mutex_);
  v1::ServerMessage outgoing_ ABSL_GUARDED_BY(mutex_);
  bool greeted_ ABSL_GUARDED_BY(mutex_) = false;      // A Hello came.
  bool established_ ABSL_GUARDED_BY(mutex_) = false;  // And was taken in.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;     // Not reading: too many batches are under way.
  bool comparing_ ABSL_GUARDED_BY(mutex_) = false;  // A heartbeat's task is on the pool.
  std::optional<Agreement::Question> next_question_ ABSL_GUARDED_BY(mutex_);  // Newest after it.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // Finish() was called.
  int batches_ ABSL_GUARDED_BY(mutex_) = 0;        // Under way to the store.
  std::optional<absl::Status> ending_ ABSL_GUARDED_BY(mutex_);
  absl::Duration ending_since_ ABSL_GUARDED_BY(mutex_);
  std::deque<Digest> sent_revisions_ ABSL_GUARDED_BY(mutex_);
  std::deque<Digest> planned_revisions_ ABSL_GUARDED_BY(mutex_);  // Sent to be planned.
};

}  // namespace fettle::server
