// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/report.h"

// What the agent and its server say to each other, as the daemon sees it: plain values. port.cc
// turns them into the messages of proto/fettle/v1.
namespace fettle::link {

// To the server.

struct Hello {
  std::string agent_version;
  std::string epoch;
  uint64_t next_sequence = 1;
  std::string machine_id;
  Digest revision_id;
  Digest states;
  Digest catalog;
};

struct Heartbeat {
  Digest states;
  Digest catalog;
  Digest revision_id;
  uint64_t unacknowledged = 0;
  absl::Time time;
  Digest packages{};  // Empty: not told yet.
};

// One report of the spool; `body` is of EncodeRun() and its like.
struct SpooledReport {
  uint64_t sequence = 0;
  absl::Time recorded;
  std::string body;
};

// How to reach the server and prove who we are.
struct Credentials {
  std::string server;       // "host:port" of the listener that asks for a certificate.
  std::string private_key;  // PEM, all three.
  std::string certificate;
  std::string ca;
};

// From the server, or of the link itself.

struct Connected {};  // A session is open; it begins with Hello.

struct Disconnected {
  std::string reason;  // Why, and what is done about it.
};

struct HelloAck {
  absl::Time server_time;
  absl::Duration heartbeat;
  uint64_t acknowledged = 0;
};

struct Acknowledged {
  std::string epoch;
  uint64_t sequence = 0;
};

// What the server wants this host to be.
struct Assignment {
  std::string revision;  // "r42".
  Digest revision_id;
  std::string statement;
  std::string signature;
  std::string channel;
  std::map<std::string, std::string> labels;
  bool operator==(const Assignment&) const = default;
};

struct Resync {
  bool packages = false;  // Only the whole list of packages is wanted.
};

struct RunRequest {
  std::string id;
  std::string reason;
};

struct Draining {};

// Somebody asks this host to look and report only; zero: no longer.
struct PauseOrder {
  absl::Duration span;
  std::string reason;
  std::string by;
};

// Somebody waits for the answer to this: plan a revision and keep the plan.
struct PlanOrder {
  std::string id;
  std::string by;
  Assignment revision;
};

// Likewise: do exactly what a plan that is kept here says.
struct ApplyPlanOrder {
  std::string id;
  std::string by;
  std::string reason;
  std::string plan;  // Its id, or the beginning of it.
};

// A task that this agent does not know.
struct UnknownOrder {
  std::string id;
};

// One whole blob; whether it is what was asked for is the receiver's to check.
struct Blob {
  Digest digest;
  std::string data;
};

struct FetchDone {
  std::string error;  // "" when every blob came.
};

struct Renewed {
  std::string certificate;
  std::string ca;
};

struct RenewFailed {
  std::string reason;
};

// What came of Outlet::Probe().
struct Probed {
  uint64_t id = 0;
  std::string error;  // Why the server was not reached; "" when it answered.
};

using Event = std::variant<Connected,
                           Disconnected,
                           HelloAck,
                           Acknowledged,
                           Assignment,
                           Resync,
                           RunRequest,
                           Draining,
                           PauseOrder,
                           PlanOrder,
                           ApplyPlanOrder,
                           UnknownOrder,
                           Blob,
                           FetchDone,
                           Renewed,
                           RenewFailed,
                           Probed>;

// One entry of a snapshot.
struct SnapshotEntry {
  std::string id;
  resource::State state = resource::State::kUnknown;
  std::string position;
  std::vector<std::string> controls;
};

// The resting state of every resource of the host's catalog.
struct Snapshot {
  Digest catalog;
  std::string revision;
  std::vector<SnapshotEntry> entries;
  Digest states;
};

}  // namespace fettle::link
