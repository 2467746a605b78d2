// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/link/dialer.h"
#include "agent/link/grpc_connection.h"
#include "lib/pki/tls_connection.h"

namespace fettle::link {

// Whether a server can be reached: connects anew, all of TLS with both certificates, and asks for
// no blobs, which a server answers only to a host that it knows. One probe at a time; the owner
// watches fd() until until() and calls Process().
class Prober {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  struct Result {
    uint64_t id = 0;
    std::string error;  // "" when the server answered.
  };

  // `now`: monotonic, as everywhere here. To be called only when not busy().
  void Start(uint64_t id,
             const std::string& server,
             const pki::TlsIdentity& identity,
             absl::Duration now);

  // Also for as long as a dial that nobody waits for any more takes to end.
  bool busy() const { return dialer_.busy() || until_ != absl::InfiniteDuration(); }

  bool dialing() const { return dialer_.busy(); }

  int fd() const { return connection_ != nullptr ? connection_->fd() : dialer_.fd(); }

  bool wants_write() const { return connection_ != nullptr && connection_->wants_write(); }

  // When Process() has something to tell whatever comes; infinite without a probe.
  absl::Duration until() const { return until_; }

  // What came of it, once.
  std::optional<Result> Process(absl::Duration now);

 private:
  // nullopt while it is under way.
  std::optional<absl::Status> Advance();
  void Ask(pki::TlsConnection tls);

  Dialer dialer_;
  std::unique_ptr<GrpcConnection> connection_;
  uint64_t id_ = 0;
  std::string server_;
  absl::Duration until_ = absl::InfiniteDuration();
};

}  // namespace fettle::link
