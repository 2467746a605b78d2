// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/resource/schema.h"
#include "lib/resource/value.h"

namespace fettle::sys {
class HostReader;
class Host;
}  // namespace fettle::sys

namespace fettle::resource {

// One attribute whose present value is not the declared one.
struct Difference {
  std::string attribute;
  Value current;  // Absent when there is nothing there.
  Value desired;

  bool operator==(const Difference&) const = default;
};

// One declared resource, bound to attributes that already passed the schema.
// Used by one thread at a time (different resources: by several at once).
class Resource {
 public:
  virtual ~Resource() = default;

  // Lists what differs from the declaration; empty means at rest. Sees the machine through a
  // reader, so it cannot change it: audit runs and plans stop here. An error means "could not
  // look". Whatever the declaration depends on and is not there yet (the owner's user, the unit a
  // package will ship) is a difference, not an error.
  virtual absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                          Deadline deadline) const = 0;

  // Removes every difference in `drift`, which came from Inspect() just now and is not empty. An
  // error may leave part of it done, never a torn file; the next Inspect() then lists the rest. It
  // must come to rest in one call. kResourceExhausted: somebody holds what it needs (blocked).
  virtual absl::Status Apply(std::span<const Difference> drift,
                             sys::Host& host,
                             Deadline deadline) const = 0;
};

// How a notified resource is told that something it uses has changed.
enum class RefreshKind { kReload, kRestart };

// What it did about it: nothing, when it is not running.
enum class Reaction { kNone, kReloaded, kRestarted, kRan };

// Optional second face, for types that react to a change elsewhere (a service restarts when its
// file changed; an exec with refresh_only runs). Found by dynamic_cast.
class Refreshable {
 public:
  virtual ~Refreshable() = default;

  // False for one that is declared not to run: whoever it uses need not tell it.
  virtual bool MayReact() const { return true; }

  // Reacts, unless it is not running (a stopped service is not started by a notification).
  virtual absl::StatusOr<Reaction> Refresh(RefreshKind kind,
                                           sys::Host& host,
                                           Deadline deadline) const = 0;

  // When it last (re)started by whatever cause, for "already restarted after the change": wall
  // clock of the host; InfinitePast when unknown or not running.
  virtual absl::StatusOr<absl::Time> LastRefresh(const sys::HostReader& host,
                                                 Deadline deadline) const = 0;
};

// Optional face of types that can print what is there as a declaration (`fettle inspect`). Found by
// dynamic_cast.
class Describable {
 public:
  virtual ~Describable() = default;

  // The present state as attributes that, declared, would be at rest. kNotFound when there is
  // nothing there.
  virtual absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                              Deadline deadline) const = 0;
};

// One member of a batch: a resource with the differences that its Inspect() listed just now.
struct BatchItem {
  const Resource* resource = nullptr;
  std::span<const Difference> drift;
};

// What a module folder exports besides its schema. Plain data and functions.
struct ResourceType {
  const Schema* schema = nullptr;

  // A resource from attributes that passed the schema (and its `check`). Never fails for those.
  // Nothing is looked at.
  std::unique_ptr<Resource> (*make)(std::string_view name, const Attributes& attributes) = nullptr;

  // Types that are brought about many at a time (packages: one transaction). Answers one status an
  // item, in order. Null for others. A single item is applied with it as well.
  std::vector<absl::Status> (*apply_batch)(std::span<const BatchItem> items,
                                           sys::Host& host,
                                           Deadline deadline) = nullptr;

  // How far apart the members of a batch may stand. False: they are pulled forward past others
  // where nobody could tell (packages). True: only those that would be applied right after one
  // another anyway (files, whose syncs are then shared); apply_batch then changes them in the order
  // in which it is given them.
  bool batch_in_order = false;
};

}  // namespace fettle::resource
