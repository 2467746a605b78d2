// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/check_members.h"

#include <cstddef>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include <fmt/format.h>

#include "lib/resource/describe.h"

namespace fettle::resource {
namespace {

struct Claim {
  std::size_t resource;
  std::string group;
  std::string user;
};

struct Claims {
  std::vector<Claim> members;
  // "members-of:G" and "groups-of:U", by the resource that says that there are no others.
  absl::flat_hash_map<std::string, std::size_t> closed;
  absl::flat_hash_set<std::string> primary;  // "G:U".
};

Claims Collect(const std::vector<Footprint>& footprints) {
  constexpr std::string_view kMember = "member:";
  constexpr std::string_view kPrimary = "primary:";
  Claims claims;
  for (std::size_t i = 0; i < footprints.size(); ++i) {
    for (const std::string& thing : footprints[i].provides) {
      if (thing.starts_with("members-of:") || thing.starts_with("groups-of:")) {
        claims.closed.try_emplace(thing, i);
      } else if (thing.starts_with(kPrimary)) {
        claims.primary.insert(thing.substr(kPrimary.size()));
      } else if (thing.starts_with(kMember)) {
        const std::size_t colon = thing.find(':', kMember.size());
        claims.members.push_back(
            {i, thing.substr(kMember.size(), colon - kMember.size()), thing.substr(colon + 1)});
      }
    }
  }
  return claims;
}

}  // namespace

void CheckMembers(const Catalog& catalog,
                  const std::vector<Footprint>& footprints,
                  std::vector<std::string>* errors) {
  const Claims claims = Collect(footprints);
  if (claims.closed.empty()) {
    return;
  }
  absl::flat_hash_set<std::string> said;
  for (const Claim& claim : claims.members) {
    said.insert(fmt::format("{}:{}:{}", claim.resource, claim.group, claim.user));
  }
  for (const Claim& claim : claims.members) {
    if (claims.primary.contains(fmt::format("{}:{}", claim.group, claim.user))) {
      continue;
    }
    for (const std::string& set :
         {fmt::format("members-of:{}", claim.group), fmt::format("groups-of:{}", claim.user)}) {
      const auto closed = claims.closed.find(set);
      if (closed == claims.closed.end() ||
          said.contains(fmt::format("{}:{}:{}", closed->second, claim.group, claim.user))) {
        continue;
      }
      errors->push_back(fmt::format(
          "{} puts user {} into group {}, and {} takes every membership away that it does not "
          "name: each would undo the other; name it in both, or in neither",
          Describe(catalog.resources[claim.resource]),
          claim.user,
          claim.group,
          Describe(catalog.resources[closed->second])));
    }
  }
}

}  // namespace fettle::resource
