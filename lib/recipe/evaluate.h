// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/policy/tree.h"
#include "lib/resource/catalog.h"
#include "lib/resource/schema.h"
#include "lib/resource/value.h"

namespace fettle::recipe {

// What one evaluation may cost. A limit that is passed ends it with a problem that says which.
struct Limits {
  std::size_t memory_bytes = 64U << 20;     // Of Lua.
  std::size_t catalog_bytes = 128U << 20;   // Of all values declared.
  uint64_t instructions = 200'000'000;      // Of Lua; what C functions do counts alike.
  absl::Duration wall = absl::Seconds(20);  // The last resort: depends on the machine and its load.
  std::size_t resources = 100'000;
  std::size_t includes = 1'000;
  std::size_t problems = 200;  // Those beyond are counted, not kept.
};

// A host as `fleet.hosts` shows it to others.
struct FleetHost {
  std::string name;
  std::map<std::string, std::string> labels;
  resource::Value::Map facts;
};

// All that an evaluation knows. Equal inputs give equal bytes, in whatever process.
struct EvaluateInput {
  const policy::Tree* tree = nullptr;  // Must outlive the call.
  std::string host;
  resource::Value::Map facts;                 // What the host says of itself.
  std::map<std::string, std::string> labels;  // What the owner says of it.
  std::span<const resource::Schema* const> schemas;
  std::map<std::string, std::string> secrets;  // What `secret "name"` finds.
  // The fleet as last known; nullopt: `fleet.hosts` is not available here, and says so.
  std::optional<std::vector<FleetHost>> fleet;
  // Evaluate this recipe alone with these params instead of fleet.lua; "" for fleet.lua.
  std::string recipe;
  resource::Value::Map params;
  Limits limits;
};

// Something wrong with the tree, and where. A problem as to the whole has an empty position.
struct Problem {
  std::string message;
  resource::Position position;

  // "recipes/nginx/init.lua:12 (included from fleet.lua:3): message".
  std::string Display() const;
  bool operator==(const Problem&) const = default;
};

struct EvaluateStats {
  uint64_t instructions = 0;
  uint64_t peak_memory = 0;  // Of Lua, in bytes.
  uint64_t includes = 0;
  bool operator==(const EvaluateStats&) const = default;
};

struct EvaluateResult {
  // Complete only if there are no problems. With problems: what could be made out, for tools that
  // show it. Never to be applied.
  resource::Catalog catalog;
  std::vector<Problem> problems;  // Sorted by position, each once.
  std::vector<Problem> notes;     // What `print` said, in order.
  // The selectors that fleet.hosts was asked with, sorted: when an answer changes, evaluate anew.
  std::vector<std::map<std::string, std::string>> fleet_queries;
  EvaluateStats stats;

  bool ok() const { return problems.empty(); }
};

// Evaluates in this process, under the limits but without the walls around it: for tests, fuzzing,
// and lint of one's own tree. What is wrong with the tree is in the problems; an error status means
// that there was nothing to evaluate (no tree given).
absl::StatusOr<EvaluateResult> EvaluateInProcess(const EvaluateInput& input);

// The same in a child process that can do nothing but compute: no files, no network, no privileges
// (uid nobody when the caller is root, no capabilities, no_new_privs), a system call filter and
// limits on memory and CPU. A child that crashes, is killed or overruns is a problem of the result.
// Safe to call from several threads. kUnavailable when no child can be made. The child is reaped
// before the return; the caller must not reap it.
absl::StatusOr<EvaluateResult> Evaluate(const EvaluateInput& input);

}  // namespace fettle::recipe
