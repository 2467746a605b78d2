// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "modules/group/group.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

// What Debian's groupadd takes, less what reads as a number.
absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  constexpr std::size_t kMostBytes = 32;
  const bool ok =
      !name.empty() && name.size() <= kMostBytes &&
      std::string_view("-+~").find(name.front()) == std::string_view::npos &&
      name.find_first_not_of("0123456789") != std::string_view::npos &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return c > ' ' && c < 0x7f && std::string_view(":,/").find(c) == std::string_view::npos;
      });
  if (!ok) {
    return InvalidArgument(
        "\"{}\" is no group name: expected at most {} letters, digits, \"_\", \"-\", \".\", not "
        "only digits and not beginning with \"-\"",
        name,
        kMostBytes);
  }
  return std::string(name);
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  if (attributes.Bool("exact_members", false) && !attributes.Has("members")) {
    return InvalidArgument("exact_members: needs `members`, which may be empty");
  }
  if (name == "root" && attributes.Bool("absent", false)) {
    return InvalidArgument("absent: the group root is never removed");
  }
  for (const std::string& member : attributes.StringList("members")) {
    if (member.empty() || member.find_first_of(":, \t\n") != std::string::npos) {
      return InvalidArgument("members: \"{}\" is no user name", member);
    }
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("group:{}", name));
  if (attributes.Bool("absent", false)) {
    return footprint;
  }
  footprint.provides.push_back(fmt::format("group:{}", name));
  if (attributes.Bool("exact_members", false)) {
    footprint.provides.push_back(fmt::format("members-of:{}", name));
  }
  for (const std::string& member : attributes.StringList("members")) {
    footprint.provides.push_back(fmt::format("member:{}:{}", name, member));
    // A user of the same name has this very group as its own, so it comes later.
    if (member != name) {
      footprint.needs.push_back(fmt::format("user:{}", member));
    }
  }
  return footprint;
}

std::vector<AttributeSchema> GroupAttributes() {
  return {
      {.name = "gid",
       .type = AttributeType::kInteger,
       .doc = "The group's number; the system chooses one if nothing is said.",
       .min = 0,
       .max = std::numeric_limits<uint32_t>::max() - 1},
      {.name = "members",
       .type = AttributeType::kStringList,
       .doc = "Users for whom it is a supplementary group; others stay unless exact_members is "
              "set."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether there is to be no such group."},
      {.name = "exact_members",
       .type = AttributeType::kBool,
       .doc = "Whether the group is to have no members but those of `members`.",
       .default_value = false,
       .parameter = true},
      {.name = "system",
       .type = AttributeType::kBool,
       .doc = "Whether a new group gets a number of the system range.",
       .default_value = false,
       .parameter = true},
      {.name = "allow_renumber",
       .type = AttributeType::kBool,
       .doc = "Whether the gid of an existing group may be changed; files keep the old number.",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& GroupSchema() {
  static const resource::Schema kSchema{
      .type = "group",
      .doc = "A local group. What is not said is left as it is.",
      .name_doc = "The group's name.",
      .example = "group \"deploy\" { gid = 2001, members = { \"alice\", \"bob\" } }\n",
      .attributes = GroupAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
