// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/resource.h"

namespace fettle::journal {

// Stands for a value without keeping it; equal values have equal fingerprints. 0 is "none".
using Fingerprint = uint64_t;

Fingerprint FingerprintOf(const resource::Value& value);

// What is remembered of one attribute of a resource.
struct Mark {
  std::string attribute;
  Fingerprint declared =
      0;                // Its declared value when the resource was last at rest; 0: undeclared.
  Fingerprint set = 0;  // What a run of ours last set it to; 0: never.
  std::string shown;    // `set` for people, when it is short and no secret.
  bool operator==(const Mark&) const = default;
};

// What is remembered of one resource: how it was declared when it was last at rest.
struct Known {
  Fingerprint declaration = 0;  // Over all that was declared.
  std::vector<Mark> marks;
  const Mark* Find(std::string_view attribute) const;
  bool operator==(const Known&) const = default;
};

// Before a change: what is about to be changed, and who is to be told of it afterwards.
struct Intent {
  struct Target {
    std::string id;
    resource::RefreshKind kind = resource::RefreshKind::kRestart;
    bool operator==(const Target&) const = default;
  };

  struct Entry {
    std::string id;
    std::vector<Target> targets;
    bool operator==(const Entry&) const = default;
  };

  std::string run;
  absl::Time at;
  std::vector<Entry> entries;
  // The directories in which a run that is killed may leave temporaries.
  std::vector<std::string> folders = {};
  bool operator==(const Intent&) const = default;
};

// These are at rest as declared: their changes are done.
struct AtRest {
  struct Entry {
    std::string id;
    Known known;
    bool operator==(const Entry&) const = default;
  };

  absl::Time at;
  std::vector<Entry> entries;
  bool operator==(const AtRest&) const = default;
};

// The change of these ended in an error. Whether it took effect is not known.
struct Failed {
  std::vector<std::string> ids;
  bool operator==(const Failed&) const = default;
};

// These were told of all changes so far (or need not be any more).
struct Refreshed {
  std::vector<std::string> ids;
  bool operator==(const Refreshed&) const = default;
};

// Everything at rest under this catalog has its AtRest record.
struct Settled {
  Digest catalog;
  bool operator==(const Settled&) const = default;
};

// These are no longer declared.
struct Forgotten {
  std::vector<std::string> ids;
  bool operator==(const Forgotten&) const = default;
};

// The change of these was intended and then not made.
struct Withdrawn {
  std::vector<std::string> ids;
  bool operator==(const Withdrawn&) const = default;
};

using Record = std::variant<Intent, AtRest, Failed, Refreshed, Settled, Forgotten, Withdrawn>;

// One change that a resource still has to be told of.
struct PendingSource {
  std::string id;
  absl::Time changed_at;  // When the change was known to be done.
  // False while it is not known whether the change took effect (the run was killed, or it failed):
  // it counts once its resource is seen at rest.
  bool certain = false;
  resource::RefreshKind kind = resource::RefreshKind::kRestart;
  bool operator==(const PendingSource&) const = default;
};

// What the agent knows of its host's past: the sum of all records. A value; no I/O.
class Knowledge {
 public:
  void Add(const Record& record);

  // Null: never seen at rest.
  const Known* Find(std::string_view id) const;

  // By the id of who is to be told. Never an empty list.
  const std::map<std::string, std::vector<PendingSource>, std::less<>>& pending() const {
    return pending_;
  }

  // Whose change was begun and neither finished nor failed: after a kill, what is to be looked at.
  // By id, with the run that began it.
  const std::map<std::string, std::string, std::less<>>& open() const { return open_; }

  // Where changes that were begun and neither finished nor failed may have left temporaries.
  const std::set<std::string, std::less<>>& folders() const { return folders_; }

  // Whether an AtRest record of `id` would say something that is not known: its change was begun or
  // failed, and it is not known whether it took effect.
  bool Unconfirmed(std::string_view id) const {
    return open_.contains(id) || unconfirmed_.contains(id);
  }

  const Digest& settled() const { return settled_; }

  const absl::flat_hash_map<std::string, Known>& known() const { return known_; }

  // The fewest records that add up to the same.
  std::vector<Record> Compact() const;

 private:
  void AddOne(const Intent& intent);
  void AddOne(const AtRest& at_rest);
  void AddOne(const Failed& failed);
  void AddOne(const Refreshed& refreshed);
  void AddOne(const Settled& settled);
  void AddOne(const Forgotten& forgotten);
  void AddOne(const Withdrawn& withdrawn);
  // The change of `id` is over, whatever came of it.
  void Close(const std::string& id);
  void DropUncertain(const std::string& source);
  void Confirm(const std::string& source, absl::Time at);

  absl::flat_hash_map<std::string, Known> known_;
  std::map<std::string, std::vector<PendingSource>, std::less<>> pending_;
  std::map<std::string, std::string, std::less<>> open_;
  std::set<std::string, std::less<>> folders_;  // Empty when nothing is open.
  // For each source with an uncertain pending refresh, who is to be told.
  std::map<std::string, std::vector<std::string>, std::less<>> unconfirmed_;
  Digest settled_;
};

}  // namespace fettle::journal
