// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/report.h"
#include "lib/sys/planned_world.h"
#include "lib/sys/recording_reader.h"

namespace fettle::plans {

// What a plan would do with one resource.
struct PlanStep {
  std::string id;  // "file:/etc/motd".
  std::vector<resource::DifferenceRecord> differences;
  std::vector<sys::PlannedOperation> operations;  // In order, without secrets.
  sys::Confidence confidence = sys::Confidence::kCertain;
  bool refreshed = false;  // It would be told of a change.
  std::string doubt;       // Why it is expected to fail, or cannot be foreseen; "" if neither.

  // The fingerprint: what was seen of it on the host as it was.
  std::vector<sys::Observation> seen;
  // What would be set: attribute and digest of the value.
  std::vector<std::pair<std::string, Digest>> sets;

  bool opaque() const;
};

// A plan as it is kept. It holds the catalog, with its secrets, and the content of the files that
// the catalog refers to: readable by root alone.
struct StoredPlan {
  std::string id;  // Over all but the time: the same plan of the same host has the same id.
  absl::Time made;
  std::string host;
  std::string tree;     // Where the policy came from, for people.
  Digest revision;      // That it is of; empty for a tree of whoever planned.
  std::string catalog;  // EncodeCatalog().
  std::vector<PlanStep> steps;
  std::vector<std::string> packages;  // Every step that the package manager would take.
  std::map<Digest, std::string> blobs;

  const PlanStep* Find(std::string_view id) const;
  std::size_t opaque_operations() const;
};

// The bytes that the id is the digest of.
std::string EncodePlan(const StoredPlan& plan);

// The inverse, with the id filled in. kInvalidArgument on anything else.
absl::StatusOr<StoredPlan> DecodePlan(std::string_view bytes);

// A value as `sets` has it.
Digest ValueDigest(const resource::Value& value);

// "certain", "predicted", "low".
std::string_view ConfidenceName(sys::Confidence confidence);

}  // namespace fettle::plans
