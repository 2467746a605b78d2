// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/clock.h"
#include "server/config/config.h"

namespace fettle::server {

struct Context;

// The whole server: what main.cc runs, and what tests start on loopback. Safe from any thread.
class Server {
 public:
  struct Ports {
    int agents = 0;  // Agents and people, with a certificate.
    int enrol = 0;   // Those who have none yet.
    int http = 0;    // The console and the JSON API; 0 when they are off.
  };

  // Opens what `fettle-server init` made in config.data_dir and listens. `clock` must outlive it.
  // kFailedPrecondition: never set up; kUnavailable: a port
  // cannot be had; kDataLoss: the database is damaged; each with what to do.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config, const Clock& clock);

  // Shutdown(), if that was not called.
  ~Server();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Ports ports() const;

  // Says farewell to every host, stores what came, closes. What is not over after a few seconds is
  // cut off.
  void Shutdown();

  // One round of what has to be done every now and then: the server's own certificate, sessions
  // whose certificates have expired. A thread does this every ten seconds.
  absl::Status Housekeep();

 private:
  struct Parts;

  explicit Server(std::unique_ptr<Parts> parts);

  absl::Status ListenForBrowsers(const Context& context);

  std::unique_ptr<Parts> parts_;
};

}  // namespace fettle::server
