// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "agent/link/backoff.h"
#include "agent/link/calls.h"
#include "agent/link/engine_socket.h"
#include "fettle/v1/link.pb.h"

namespace fettle::link {

// The link: holds one session with the server for the engine at the other end of a socket, passes
// messages both ways, and connects again when it is lost. Knows nothing of what they say but what
// concerns connecting. One thread, but for the socket's reader.
class Link {
 public:
  explicit Link(int engine_fd);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Until the engine is gone.
  void Run();

 private:
  // Wakes the queue's thread: something came from the engine.
  void Wake();
  void TakeFromEngine();
  void Obey(v1::ToLink message);
  void UseCredentials(v1::Credentials credentials);
  void Connect();
  void OnOpen();
  void OnReceived(v1::ServerMessage message);
  void OnEnded(const grpc::Status& status);
  void RetryAfter(absl::Duration wait);
  void StartFetch();
  void Renew(const v1::RenewRequest& request);
  void Probe(v1::Probe probe);
  void Tell(const v1::FromLink& message);
  void TellStatus(bool connected, const std::string& error);
  void TellFetchDone(const std::string& error);
  void TellProbed(uint64_t id, const std::string& error);
  std::string WhyLost(const grpc::Status& status) const;

  grpc::CompletionQueue queue_;
  v1::Credentials credentials_;
  std::unique_ptr<v1::AgentGateway::Stub> stub_;
  std::unique_ptr<SessionCall> session_;
  std::unique_ptr<FetchCall> fetch_;
  std::deque<v1::FetchBlobsRequest> fetches_;  // The first is under way if fetch_ is.
  std::unique_ptr<RenewCall> renew_;
  std::unique_ptr<ProbeCall> probe_;
  Backoff backoff_;
  bool greeted_ = false;    // The server answered our Hello in this session.
  bool reconnect_ = false;  // The session was ended by us: at once with the new credentials.
  bool engine_gone_ = false;
  grpc::Alarm retry_alarm_;
  Tag retry_;
  bool retry_set_ = false;
  Tag wake_;
  absl::Mutex wake_mutex_;
  bool wake_set_ ABSL_GUARDED_BY(wake_mutex_) = false;
  std::unique_ptr<grpc::Alarm> wake_alarm_ ABSL_GUARDED_BY(wake_mutex_);
  EngineSocket engine_;  // Last: its thread uses what stands above.
};

// Channel arguments that every channel of ours to a server has.
grpc::ChannelArguments LinkChannelArguments();

}  // namespace fettle::link
