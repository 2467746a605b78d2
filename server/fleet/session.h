// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "server/fleet/assigner.h"

namespace fettle::v1 {
class Task;
}

namespace fettle::server {

// The live connection of one host, as the rest of the server sees it. Every call may come from any
// thread, never waits for the host, and does nothing once the session is over.
class Session {
 public:
  virtual ~Session() = default;

  // From its certificate.
  virtual const std::string& host() const = 0;

  // Sends it, unless a newer one was given before. Of several that wait only the newest is sent.
  virtual void Assign(const Assignment& assignment) = 0;

  // The revisions that it was sent lately, to enforce or to plan, in this session.
  virtual std::vector<Digest> SentRevisions() const = 0;

  // False when too many wait already.
  virtual bool RequestRun(const std::string& id, const std::string& reason) = 0;

  // Asks the host to look and report only for a while; zero: no longer. The latest wins. False when
  // the session is not up.
  virtual bool Pause(absl::Duration span, const std::string& reason, const std::string& by) = 0;

  // Asks the host for something; `revision` is what it needs the content of, null for none. The
  // answers go to the server's Tasks. False when the session is not up, or too much waits already.
  virtual bool Ask(const v1::Task& task, const Digest* revision) = 0;

  // Ends it at once with `why`; messages that wait are dropped.
  virtual void End(const absl::Status& why) = 0;

  // Sends what waits and a farewell, then ends.
  virtual void Drain(absl::Duration reconnect_window) = 0;

  // To be called every now and then: ends it when its certificate has expired or no Hello came, and
  // cuts it off when the host takes no farewell.
  virtual void Tend() = 0;
};

}  // namespace fettle::server
