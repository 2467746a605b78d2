// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/resource/catalog.h"
#include "lib/resource/graph.h"
#include "lib/resource/report.h"
#include "lib/resource/resource.h"

namespace fettle::engine {

// The resource type of a name, null if there is none: FindType of modules/types.h.
using TypeLookup = std::function<const resource::ResourceType*(std::string_view)>;

// One declared resource, ready to be looked at.
struct Item {
  std::string id;
  const resource::Declaration* declaration = nullptr;
  const resource::ResourceType* type = nullptr;
  std::unique_ptr<resource::Resource> resource;
  const resource::Refreshable* refreshable = nullptr;  // Null when it cannot be told of changes.
};

// Who is to be told when a resource changes.
struct Notification {
  std::size_t target = 0;
  resource::RefreshKind kind = resource::RefreshKind::kRestart;
};

// A catalog bound to the code of its resource types. Made once a catalog and used for many runs, so
// that a run of which nothing comes pays for its system calls alone. One thread at a time.
class Prepared {
 public:
  // `catalog` passed CheckGraph() and outlives the result. `digest` is its CatalogDigest() if the
  // caller has it (it arrived as bytes). kInvalidArgument when this agent lacks a resource type.
  static absl::StatusOr<std::unique_ptr<Prepared>> Make(const resource::Catalog& catalog,
                                                        const TypeLookup& types,
                                                        std::optional<Digest> digest = {});

  const resource::Catalog& catalog() const { return catalog_; }

  const Digest& digest() const { return digest_; }

  const std::vector<Item>& items() const { return items_; }

  // The place of `id` among the items.
  std::optional<std::size_t> Find(std::string_view id) const;

  // These three are worked out when they are first asked for: a run with nothing to do never does.
  const resource::Order& order() const { return details().order; }

  const std::vector<resource::Footprint>& footprints() const { return details().footprints; }

  // By index: whom a change of it concerns.
  const std::vector<std::vector<Notification>>& notifications() const {
    return details().notifications;
  }

  // StateDigest() when all are at rest.
  const Digest& all_ok() const;

 private:
  struct Details {
    resource::Order order;
    std::vector<resource::Footprint> footprints;
    std::vector<std::vector<Notification>> notifications;
  };

  explicit Prepared(const resource::Catalog& catalog) : catalog_(catalog) {}

  const Details& details() const;

  const resource::Catalog& catalog_;
  Digest digest_;
  std::vector<Item> items_;
  absl::flat_hash_map<std::string_view, std::size_t> index_;  // Keys live in the items.
  mutable std::optional<Details> details_;
  mutable std::optional<Digest> all_ok_;
};

}  // namespace fettle::engine
