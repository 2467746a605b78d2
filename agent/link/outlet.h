// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/link/events.h"

namespace fettle::link {

// Where the daemon says things to the server: the port to the link, or a test. Nothing of it
// blocks, and nothing of it is certain to arrive: what must, is kept until it is acknowledged.
class Outlet {
 public:
  virtual ~Outlet() = default;

  virtual void Send(const Credentials& credentials) = 0;
  virtual void Send(const Hello& hello) = 0;
  virtual void Send(const Heartbeat& heartbeat) = 0;
  // A batch of reports, signed. Nothing was kept between sequence `after` and the first of them.
  virtual void Send(const std::string& epoch,
                    uint64_t after,
                    std::span<const SpooledReport> reports) = 0;

  // What encode_answer.h makes.
  virtual void Answer(const std::string& answer) = 0;

  // At most kMostFetched digests; answered by Blob events and one FetchDone. One fetch at a time.
  virtual void Fetch(std::span<const Digest> digests) = 0;

  // Answered by Renewed or RenewFailed.
  virtual void Renew(const std::string& certificate_request) = 0;

  // Asks whether the server of `credentials` can be reached with them by a new connection, to the
  // first answer of the server; the session is left alone. Answered by Probed with this id.
  virtual void Probe(uint64_t id, const Credentials& credentials) = 0;
};

inline constexpr std::size_t kMostFetched = 1000;

}  // namespace fettle::link
