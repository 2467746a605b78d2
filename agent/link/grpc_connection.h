// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/pki/tls_connection.h"

struct nghttp2_session;

namespace google::protobuf {
class MessageLite;
}

namespace fettle::link {

// What became of a call: a message came, or it ended (nothing follows).
struct CallEvent {
  int32_t call = 0;
  std::optional<std::string> message;
  absl::Status ended;  // With the server's status; of a message OK and without meaning.
};

// A client's connection to a gRPC server: HTTP/2 over TLS, as the gRPC project's "gRPC over HTTP2"
// says. Its owner watches fd() and calls Process(); nothing happens by itself, there are no timers
// and no threads. A call is a number, good until its end was told.
class GrpcConnection {
 public:
  // A server's message may not be longer, which is gRPC's own limit too; it fits into a frame for
  // the engine.
  static constexpr std::size_t kMaxMessage = std::size_t{4} << 20;

  // `authority`: the host:port that was dialled.
  GrpcConnection(pki::TlsConnection tls, const std::string& authority);
  ~GrpcConnection();
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // Begins a call of `method`, "/package.Service/Method"; the server is told `timeout`.
  int32_t Start(const std::string& method, absl::Duration timeout = absl::InfiniteDuration());

  // Sends a message of a call; of one that has ended, nothing.
  void Send(int32_t call, const google::protobuf::MessageLite& message);

  // There will be no more messages of ours.
  void Finish(int32_t call);

  // Ends a call; nothing more is told of it.
  void Cancel(int32_t call);

  // Asks the server for a sign of life. If it has not answered the last one, the connection is
  // lost.
  void Ping();

  int fd() const { return tls_.fd(); }

  bool wants_write() const { return tls_.wants_write(); }

  // Whether the server has begun to speak HTTP/2: only now is it known that it took our
  // certificate, which TLS 1.3 looks at after our handshake has ended.
  bool ready() const { return ready_; }

  // Whether Process() has something to tell without input.
  bool has_news() const { return lost() || !send_failed_.ok() || !events_.empty(); }

  bool lost() const { return !lost_.ok(); }

  // Reads and writes what is possible now, and appends what came of the calls. Not OK when the
  // connection is lost, and why: every call's end was told then.
  absl::Status Process(std::vector<CallEvent>* events);

 private:
  struct Call;
  struct Callbacks;

  Call* Find(int32_t id);
  // Sends what HTTP/2 has to send.
  void Pump();
  absl::Status Receive();
  void Lose(const absl::Status& why);
  void Take(int32_t id, Call& call, std::string_view data);
  void Ended(int32_t id, uint32_t error);

  pki::TlsConnection tls_;
  const std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::unique_ptr<Call>> calls_;
  std::vector<CallEvent> events_;
  absl::Status send_failed_;  // What came before that may still have to be read.
  absl::Status lost_;
  std::string going_away_;  // What the server said when it asked to go.
  bool pinged_ = false;
  bool ready_ = false;
};

// The text of a grpc-message header, which is percent-encoded UTF-8; what is no encoding stays.
// Always text that a message of ours can hold: of what is none, everything but ASCII becomes '?'.
std::string DecodeGrpcMessage(std::string_view text);

}  // namespace fettle::link
