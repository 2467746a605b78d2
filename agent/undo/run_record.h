// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"

#include "agent/undo/thing.h"
#include "lib/resource/resource.h"

// What is written down of a run, record by record, and what the records add up to. No I/O.
namespace fettle::undo {

// First in every run's file.
struct Began {
  std::string run;
  std::string reason;
  std::string revision;
  absl::Time at;
};

struct ThingBefore {
  Thing thing;
  Parts before;
  std::string unkept;  // Why it could not be taken down; "" when it was.
};

// Before resources are changed (several of them when they are changed at once).
struct Before {
  std::vector<std::string> resources;
  std::vector<ThingBefore> things;
};

// What the run left of the latest Before of `resource`: one a thing.
struct After {
  std::string resource;
  std::vector<Parts> things;
};

// A unit is (about to be) told of changes.
struct Told {
  std::string unit;
  resource::RefreshKind kind = resource::RefreshKind::kRestart;
  std::vector<std::string> sources;
};

// A step ran whose effects are not known.
struct Opaque {
  std::string resource;
  std::string why;
};

struct Ended {};

// Another run put it back, or tried to.
struct Undone {
  struct Outcome {
    std::string resource;
    bool put_back = false;
    std::string why_not;
  };

  std::string by;      // The id of the run that did.
  std::string reason;  // "undo", "not confirmed", "group web".
  absl::Time at;
  bool complete = false;  // Nothing is left to do.
  std::vector<Outcome> outcomes;
};

// The server was told of what was undone so far.
struct Reported {};

using Record = std::variant<Began, Before, After, Told, Opaque, Ended, Undone, Reported>;

std::string EncodeRecord(const Record& record);
// False when the bytes make no sense.
bool DecodeRecord(std::string_view bytes, Record* record);

// One change of a run: what was, and what the run left.
struct Change {
  std::vector<std::string> resources;
  std::vector<ThingBefore> things;
  // As many as things; nullopt when the run was killed before it could look.
  std::optional<std::vector<Parts>> after;
};

struct RunRecord {
  Began began;
  std::vector<Change> changes;  // In order.
  std::vector<Told> told;
  std::vector<Opaque> opaque;
  bool ended = false;
  std::vector<Undone> undone;
  bool untold = false;  // The server does not know of all that is undone.

  void Add(Record record);

  // Whether there is nothing left to be undone.
  bool complete() const { return !undone.empty() && undone.back().complete; }
};

}  // namespace fettle::undo
