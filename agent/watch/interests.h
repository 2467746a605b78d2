// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

#include "agent/engine/prepared.h"

namespace fettle::watch {

// What a resource hangs on, by where word of a change comes from.
struct Interests {
  std::string id;
  std::vector<std::string> paths;  // Files; in their own right or as the place of a setting.
  std::vector<std::string> units;
  bool accounts = false;  // The account files.
  bool packages = false;  // The package database.
  bool mounts = false;
  bool poll = false;  // It reaches further than what is watched: looked at every so often.
  std::string why;    // Why it is polled or swept; "" when events tell all.

  // Whether anything is watched for it.
  bool watched() const {
    return !paths.empty() || !units.empty() || accounts || packages || mounts;
  }
};

// From a declaration alone: its type, its footprint, its attributes.
Interests InterestsOf(const resource::Declaration& declaration, const resource::Schema& schema);

// Those of all resources, in the order of the catalog. Copies what it needs.
std::vector<Interests> InterestsOf(const engine::Prepared& prepared);

inline constexpr char kPackageDatabase[] = "/var/lib/dpkg/status";
inline constexpr const char* kAccountFiles[] = {
    "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"};

// Event → the resources that it can have touched, by index. Pure; built once a catalog.
class TouchMap {
 public:
  using Indices = std::vector<std::size_t>;

  TouchMap() = default;
  explicit TouchMap(const std::vector<Interests>& resources);

  // Every path to watch, the files of whole topics included, each once.
  const std::vector<std::string>& paths() const { return paths_; }

  // Something happened at paths()[path].
  const Indices& OfPath(std::size_t path) const { return by_path_[path]; }

  // A unit changed, or (empty name) any of them may have.
  const Indices& OfUnit(std::string_view unit) const;

  const Indices& packages() const { return packages_; }

  const Indices& mounts() const { return mounts_; }

  const Indices& polled() const { return polled_; }

  bool IsPackageDatabase(std::size_t path) const { return paths_[path] == kPackageDatabase; }

  bool wants_units() const { return !all_units_.empty(); }

 private:
  void AddPath(const std::string& path, std::size_t index);

  std::vector<std::string> paths_;
  std::vector<Indices> by_path_;
  absl::flat_hash_map<std::string, std::size_t> place_;  // Of a path among paths_.
  std::map<std::string, Indices, std::less<>> by_unit_;
  Indices all_units_;
  Indices packages_;
  Indices mounts_;
  Indices polled_;
};

}  // namespace fettle::watch
