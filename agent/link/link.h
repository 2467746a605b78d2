// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/link/backoff.h"
#include "agent/link/dialer.h"
#include "agent/link/engine_socket.h"
#include "agent/link/grpc_connection.h"
#include "agent/link/prober.h"
#include "fettle/v1/link.pb.h"
#include "lib/base/clock.h"

namespace fettle::link {

// The link: holds one session with the server for the engine at the other end of a socket, passes
// messages both ways, and connects again when it is lost. Knows nothing of what they say but what
// concerns connecting. Between messages it sleeps: a server that is gone is noticed by what the
// heartbeat sends. One thread.
class Link {
 public:
  // How long a server may take until it answers Hello. A whole fleet may be asking.
  static constexpr absl::Duration kGreetTime = absl::Minutes(2);

  explicit Link(int engine_fd, absl::Duration greet_time = kGreetTime)
      : greet_time_(greet_time), engine_(engine_fd) {}

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Until the engine is gone.
  void Run();

  bool dialing() const { return dialer_.busy() || prober_.dialing(); }

 private:
  // A call with a limit.
  struct Asked {
    int32_t call = 0;
    absl::Duration until = absl::InfiniteDuration();  // Monotonic.
  };

  void Wait();
  void TakeFromEngine();
  void Obey(v1::ToLink message);
  void SendToServer(const v1::AgentMessage& message);
  void UseCredentials(v1::Credentials credentials);
  void Connect();
  void OnDialled(absl::StatusOr<pki::TlsConnection> dialled);
  void TakeFromServer();
  void GiveUpOnSilence();
  void OnEvent(CallEvent event);
  void OnReceived(const std::string& body);
  void OnBlob(const std::string& body);
  void OnFetched(const absl::Status& ended);
  void OnRenewed(const CallEvent& event);
  void Drop(const std::string& why);
  void LoseSession(const absl::Status& why);
  void RetryAfter(absl::Duration wait);
  void StartFetch();
  void Renew(const v1::RenewRequest& request);
  void EndLateCalls();
  void Probe(const v1::Probe& probe);
  void TakeFromProber();
  void Tell(const v1::FromLink& message);
  void TellStatus(bool connected, const std::string& error);
  void TellFetchDone(const std::string& error);
  void TellRenewFailed(const std::string& error);
  void TellProbed(uint64_t id, const std::string& error);
  std::string WhyLost(const absl::Status& status) const;

  SystemClock clock_;
  const absl::Duration greet_time_;
  EngineSocket engine_;
  Dialer dialer_;
  Prober prober_;
  v1::Credentials credentials_;
  std::unique_ptr<GrpcConnection> connection_;
  std::optional<int32_t> session_;
  std::deque<v1::FetchBlobsRequest> fetches_;  // The first is under way if fetch_ is.
  std::optional<Asked> fetch_;
  std::optional<Asked> renew_;
  std::optional<std::string> renewed_;  // The answer, before its end.
  Backoff backoff_;
  bool told_ = false;       // The engine knows of this connection.
  bool greeted_ = false;    // The server answered our Hello in this session.
  bool reconnect_ = false;  // Other credentials came while a dial was under way.
  bool engine_gone_ = false;
  absl::Duration retry_at_ = absl::InfiniteDuration();  // Monotonic, as the next two.
  absl::Duration greet_by_ = absl::InfiniteDuration();
  absl::Duration pinged_at_ = -absl::InfiniteDuration();
};

}  // namespace fettle::link
