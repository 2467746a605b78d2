// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/coverage.h"
#include "lib/resource/packages.h"
#include "lib/resource/report.h"

// What the server keeps, as plain values. See store.h.
namespace fettle::server {

using Labels = std::map<std::string, std::string>;

struct HostRecord {
  std::string name;
  std::string channel;
  Labels labels;
  std::string machine_id;
  std::string agent_version;
  std::string address;
  std::string os;              // "debian 12", from facts.
  absl::Time enrolled;         // For the first time.
  absl::Time last_seen;        // InfinitePast: never.
  Digest revision_id;          // What it enforces; empty: nothing yet.
  std::string revision;        // "r42", "" likewise.
  std::string refusal;         // Why it would not take its assigned revision.
  Digest catalog;              // Of its present states.
  Digest states;               // StateDigest over the server's own rows for it.
  resource::RunCounts counts;  // Of its present resting states; equals the rows, always.
  uint32_t open_drift = 0;     // Likewise.
  absl::Time last_run;         // InfinitePast: never.
  std::string last_run_error;
  bool revoked = false;
  absl::Time certificate_expires;  // Of its newest that is not revoked; InfinitePast: none.
  absl::Time paused_until = absl::InfinitePast();  // InfinitePast: it is not paused.
  std::string pause_reason;
  Digest packages;         // Of its installed packages as last told; empty: never told.
  std::string report_key;  // What it signed its newest reports with, 32 bytes; "" none yet.
};

// A batch of reports as a host signed it (lib/evidence/statement.h), checked by whoever took it in.
struct SignedReports {
  std::string content;  // The bytes.
  Digest digest;        // SHA-256 of them.
  uint64_t after = 0;
  std::string key;  // 32 bytes; "" when nobody signed, which only tests do.
  std::string signature;
};

enum class Subject : uint8_t { kHost, kUser };

struct TokenRecord {
  std::string id;
  Digest secret;  // SHA-256 of the secret; the secret itself is not kept.
  Subject subject = Subject::kHost;
  uint32_t uses_left = 1;
  absl::Time expires;
  std::string name;     // The only name it is good for; "" any.
  std::string channel;  // Of hosts enrolled with it.
  Labels labels;
  std::string role;    // Of users.
  std::string filter;  // Likewise: the hosts that they may see; "" all.
  std::string created_by;
  bool revoked = false;
};

struct UserRecord {
  std::string name;
  std::string role;    // "admin", "viewer", "auditor".
  std::string filter;  // The hosts that they may see (lib/filter); "" all.
};

struct CertificateRecord {
  std::string serial;  // Hexadecimal.
  Subject subject = Subject::kHost;
  std::string name;
  Digest key;  // SHA-256 of its public key's PEM.
  absl::Time issued;
  absl::Time expires;
  bool revoked = false;
  std::string revoked_reason;
};

// Content with its verified digest.
struct Blob {
  Digest digest;
  std::string data;
};

struct RevisionRecord {
  int64_t number = 0;  // "r42" without the r; given by the store.
  Digest id;
  std::string statement;
  std::string signature;
  std::string signed_by;
  absl::Time published;
  std::string published_by;
};

struct ChannelRecord {
  std::string name;
  Digest revision_id;
  int64_t revision_number = 0;
  absl::Time changed;
  std::string changed_by;
};

// The present state of one resource on one host.
struct StateRecord {
  resource::ResourceReport report;  // With its differences when it is not at rest.
  absl::Time since;                 // Host's clock.
  std::string run;
  std::string revision;
  resource::Coverage coverage;  // Of present states.
};

// A state that was: [from, to) on the host's clock.
struct SpanRecord {
  StateRecord state;
  absl::Time to;  // InfiniteFuture: still so.
};

// The present state of a resource that is there to fulfil controls.
struct ControlState {
  std::string host;
  std::string resource;
  resource::State state = resource::State::kUnknown;
  absl::Time since;  // Host's clock.
  std::string position;
  std::vector<std::string> controls;
  // Of one that is not at rest.
  std::vector<resource::DifferenceRecord> differences{};
  std::string error{};
  std::optional<resource::Actor> actor{};
};

enum class DriftOutcome : uint8_t { kOpen, kCorrected, kFailed, kEnded };

struct DriftEntry {
  std::string host;
  resource::ResourceReport report;
  DriftOutcome outcome = DriftOutcome::kOpen;
  absl::Time seen;    // Host's clock.
  absl::Time stored;  // Server's clock.
  absl::Time ended;   // InfiniteFuture while open.
  std::string revision;
  std::string run;
};

struct AuditEntry {
  absl::Time time;
  std::string who;  // "user/ann", "host/web1", "server".
  std::string act;  // "publish", "channel set", "revoke", "denied" …
  std::string detail;
  std::string host{};                         // The host that it concerns, "" for none or several.
  std::map<std::string, std::string> data{};  // For programs: what exactly, by name.
};

// What a person changes of a host.
struct HostChange {
  std::optional<Labels> labels{};  // All that it has from now on; nullopt leaves them.
  std::string channel{};           // "" leaves it.
  std::vector<AuditEntry> acts{};  // What is written down with it.
};

// The act that says which of the log's leaves were moved there from before it was one.
inline constexpr char kLogBegun[] = "log begun";

// The resting state of every resource of a host, as the host says.
struct Snapshot {
  Digest catalog;
  std::string revision;
  std::vector<resource::ResourceReport> entries;  // id, state, position, controls.
  absl::Time taken;
};

struct Refusal {
  std::string revision;
  Digest revision_id;
  std::string reason;
};

struct FactsJson {
  std::string json;
};

// How each resource of a host is watched, by id.
struct CoverageReport {
  std::map<std::string, resource::Coverage> resources;
};

struct PauseReport {
  absl::Time until = absl::InfinitePast();  // InfinitePast: no longer.
  std::string reason;
};

// A record that the server cannot read (of a newer agent, or damaged). It is counted as received,
// and audited, so that one bad record does not hold up all that come after it.
struct Unreadable {
  std::string why;
};

// One record of a host's spool.
struct Ingest {
  uint64_t sequence = 0;
  absl::Time recorded;
  std::variant<resource::RunReport,
               Snapshot,
               FactsJson,
               Refusal,
               CoverageReport,
               PauseReport,
               resource::PackageReport,
               Unreadable>
      body;
};

}  // namespace fettle::server
