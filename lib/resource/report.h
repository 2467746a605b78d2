// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/actor.h"
#include "lib/resource/catalog.h"

namespace fettle::resource {

// The state of one resource after a run looked at it, least grave first up to kFailed. The numbers
// stand on the wire and in the server's database: new ones go to the end.
enum class State : uint8_t {
  kOk,        // As declared.
  kUnknown,   // Not looked at (yet), or a guard or schedule left it alone.
  kSkipped,   // Something it needs failed or is blocked.
  kChanged,   // Was off, put right by this run.
  kDrifted,   // Off, left alone: audit, paused, or a plan.
  kFailed,    // Could not be looked at or put right, or did not come to rest.
  kReverted,  // Changed by a run of ours and put back: by undo, or with its group.
  kBlocked,   // Somebody else held what it needs for as long as may be waited; nothing was changed.
};

// Why a difference was there.
enum class Cause : uint8_t {
  kNone,        // There was none.
  kFirstSight,  // First time this resource is seen here: nothing is known of before.
  kIntended,    // The declaration changed since we last set it.
  kDrift,  // Somebody else changed it: it differs from the value we last set, or from what was at
           // rest.
};

// One attribute that was off, as it may be shown and sent: secrets are already replaced.
struct DifferenceRecord {
  std::string attribute;
  std::string current;   // Display form.
  std::string desired;   // Display form.
  std::string last_set;  // What we last set it to; "" when never.
  std::string diff;      // Unified diff for multi-line text, capped; "" otherwise.
  Cause cause = Cause::kNone;
  bool operator==(const DifferenceRecord&) const = default;
};

// What a run found and did with one resource.
struct ResourceReport {
  std::string id;  // "file:/etc/motd".
  State state = State::kUnknown;
  Cause cause =
      Cause::kNone;  // The gravest of its differences: drift over intended over first sight.
  std::vector<DifferenceRecord> differences;
  std::string error;       // Why it failed, or why it was left alone.
  std::string root_cause;  // For kSkipped: the id of the resource that failed first.
  std::string refreshed;  // "restarted because of file:/etc/x", or "restart pending because of …";
                          // "" if neither.
  std::string position;  // "recipes/nginx/init.lua:12".
  std::vector<std::string> controls;
  absl::Duration duration;
  std::optional<Actor> actor;  // Who made it drift, when somebody watched.
  std::string contended;  // That somebody keeps changing it back, and what is done; "" otherwise.
  bool operator==(const ResourceReport&) const = default;
};

struct RunCounts {
  int32_t ok = 0;
  int32_t unknown = 0;
  int32_t skipped = 0;
  int32_t changed = 0;
  int32_t drifted = 0;
  int32_t failed = 0;
  int32_t reverted = 0;
  int32_t blocked = 0;
  bool operator==(const RunCounts&) const = default;

  int32_t total() const {
    return ok + unknown + skipped + changed + drifted + failed + reverted + blocked;
  }
};

// One pass of the pipe over a host.
struct RunReport {
  std::string id;  // NewId().
  std::string host;
  std::string revision;  // "r42", or "" for a tree applied locally.
  Digest catalog;
  std::string reason;    // "apply", "plan", "push", "sweep", "drift", "start".
  bool enforce = true;   // False: plan or audit.
  bool partial = false;  // Only the resources listed were looked at; of the others it says nothing.
  absl::Time started;    // Host's wall clock.
  absl::Duration duration;
  RunCounts counts;
  // Every resource whose state is not kOk, plus those that were refreshed. Resources at rest are
  // only counted.
  std::vector<ResourceReport> resources;
  std::string error;  // Why the run as a whole could not be done (evaluation errors); "" otherwise.
  // Digest over (id, state) of all resources, sorted by id: what the heartbeat carries. See
  // StateDigest().
  Digest states;
  bool operator==(const RunReport&) const = default;
};

// The plain words, the same everywhere: "ok" "unknown" "skipped" "changed" "drifted" "failed"
// "reverted" "blocked".
std::string_view StateName(State state);
// "", "first sight", "intended", "drift".
std::string_view CauseName(Cause cause);
// The inverse of StateName(); kUnknown for anything else.
State StateFromName(std::string_view name);

// What rests of a run once it is over: changed counts as ok, everything else as it is.
State RestingState(State state);

// The digest of "what is so on this host": SHA-256 over the lines "<id> <resting state>\n" sorted
// by id. Host and server compute it alike from the same set; equal digests mean that they agree.
Digest StateDigest(std::vector<std::pair<std::string, State>> states);

// Puppet-compatible: 0 nothing to do, 2 changes (made, or due in a plan or audit), 4 failures (what
// is blocked included), 6 both, 1 run error.
int ExitCode(const RunReport& report);

}  // namespace fettle::resource
