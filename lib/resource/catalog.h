// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/schema.h"
#include "lib/resource/value.h"

namespace fettle::resource {

// A place in a policy tree. `via` is the chain of includes that led there, outermost first, each
// "file:line".
struct Position {
  std::string file;  // Path in the tree, "recipes/nginx/init.lua".
  int32_t line = 0;
  std::vector<std::string> via;

  // "recipes/nginx/init.lua:12".
  std::string Display() const;
  // With the chain: "recipes/nginx/init.lua:12 (included from fleet.lua:3)".
  std::string DisplayWithChain() const;
  bool operator==(const Position&) const = default;
};

// Why one resource comes after another.
enum class RelationKind {
  kAfter,     // Order alone.
  kRequires,  // Order, and skipped when the other failed or was skipped.
  kReload,    // kAfter, and reloaded when the other changed.
  kRestart,   // kAfter, and restarted (or run, for exec) when the other changed.
};

// An edge to an earlier resource: "this one comes after `target`".
struct Relation {
  RelationKind kind = RelationKind::kAfter;
  std::size_t target = 0;  // Index in Catalog::resources.
  bool operator==(const Relation&) const = default;
};

// A condition on the host's state without which a resource is left alone in this run. Typed; a
// command as last resort.
struct Guard {
  enum class Test { kNever, kFileExists, kPackageInstalled, kUnitActive, kCommandSucceeds };
  Test test = Test::kNever;
  std::vector<std::string>
      subject;  // Path, package or unit name; argv for a command (shell: {"/bin/sh","-c",text}).
  bool negate = false;  // `unless`.
  bool operator==(const Guard&) const = default;
};

// One resource as a recipe declared it.
struct Declaration {
  std::string type;
  std::string name;  // Canonical.
  Attributes attributes;
  Position position;
  bool enforce = true;  // False: audit, look and report only. The most careful of resource, include
                        // and host wins.
  bool sensitive = false;  // No value of it is shown.
  std::vector<Guard> guards;
  std::vector<Relation> relations;  // Declared ones, sorted; automatic order is the engine's.
  std::vector<std::string> controls;
  std::vector<std::string> tags;
  std::string doc;
  int32_t group = -1;                                 // Index in Catalog::groups, -1 for none.
  absl::Duration timeout = absl::InfiniteDuration();  // Of each of inspect, apply, refresh.
  int32_t retries = 0;                                // Further tries of a failed apply.
  std::string schedule;  // Systemd calendar window in which it is applied; "" always.
  // Its change stands only once the agent has reached its server anew within this time; zero: it
  // stands at once; nullopt: what it touches decides (agent/undo/cut_off.h).
  std::optional<absl::Duration> confirm = {};

  // "file:/etc/motd": how people and other resources name it.
  std::string Id() const;
  bool operator==(const Declaration&) const = default;
};

// What `group` declares as one unit.
struct Group {
  std::string name;
  bool rollback_on_failure = false;
  Position position;
  bool operator==(const Group&) const = default;
};

// All resources of one host, evaluated, in the order written. Immutable once made. Equal inputs
// give equal bytes.
struct Catalog {
  std::string host;
  bool enforce = true;  // host.enforce of fleet.lua.
  std::vector<Declaration> resources;
  std::vector<Group> groups;
  // Digests of the blobs (files/ of the tree) that attributes named "source" refer to are in those
  // attributes as "sha256:<hex>"; whoever applies the catalog has the tree at hand (see
  // BlobReader).
  bool operator==(const Catalog&) const = default;
};

// The canonical bytes of a catalog: equal catalogs, equal bytes. For the pipe from the evaluator,
// storage and digests.
std::string EncodeCatalog(const Catalog& catalog);

// The inverse. kInvalidArgument on anything that EncodeCatalog cannot have written; never more
// memory than a small multiple of `bytes`.
absl::StatusOr<Catalog> DecodeCatalog(std::string_view bytes);

// One number for "the same desired state": SHA-256 of the canonical bytes.
Digest CatalogDigest(const Catalog& catalog);

}  // namespace fettle::resource
