// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/status_macros.h"
#include "modules/directory/directory.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  return resource::CanonicalPath(name);
}

absl::Status CheckPurge(std::string_view name, const Attributes& attributes) {
  const bool absent = attributes.Bool("absent", false);
  const bool purge = attributes.Bool("purge", false);
  if (name == "/" && (absent || purge || attributes.Bool("recurse", false))) {
    return InvalidArgument("\"/\": absent, purge and recurse are not for the root directory");
  }
  if (absent && purge) {
    return InvalidArgument(
        "purge: a directory that is not to be there holds nothing; leave it out");
  }
  for (const std::string& pattern : attributes.StringList("keep")) {
    if (pattern.empty() || pattern.front() == '/' || pattern.find("..") == 0) {
      return InvalidArgument(
          "keep: \"{}\" is no name relative to the directory, as in \"conf.d/*.conf\"", pattern);
    }
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  for (const char* const account : {"owner", "group"}) {
    const std::string text = attributes.String(account, "root");
    if (text.empty() || text.find_first_of(":/ \t\n") != std::string::npos) {
      return InvalidArgument("{}: \"{}\" is neither a name nor a number", account, text);
    }
  }
  for (const char* const mode : {"file_mode", "directory_mode"}) {
    if (attributes.Has(mode) && !attributes.Bool("recurse", false)) {
      return InvalidArgument("{}: is for what is below; it needs recurse = true", mode);
    }
  }
  return CheckPurge(name, attributes);
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("path:{}", name));
  if (attributes.Bool("absent", false)) {
    return footprint;
  }
  footprint.provides.push_back(fmt::format("path:{}", name));
  if (const std::size_t slash = name.rfind('/'); slash > 0) {
    footprint.needs.push_back(fmt::format("path:{}", name.substr(0, slash)));
  }
  const std::string owner = attributes.String("owner", "0");
  if (!IsNumber(owner)) {
    footprint.needs.push_back(fmt::format("user:{}", owner));
  }
  const std::string group = attributes.String("group", "0");
  if (!IsNumber(group)) {
    footprint.needs.push_back(fmt::format("group:{}", group));
  }
  return footprint;
}

std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "mode",
       .type = AttributeType::kMode,
       .doc = "Permission bits of the directory itself, as text; a new one without it gets 0755."},
      {.name = "owner",
       .doc = "The local user who owns it, by name or number; with recurse, also all below."},
      {.name = "group",
       .doc = "The local group it belongs to, by name or number; with recurse, also all below."},
      {.name = "file_mode",
       .type = AttributeType::kMode,
       .doc = "Permission bits of every file below; needs recurse."},
      {.name = "directory_mode",
       .type = AttributeType::kMode,
       .doc = "Permission bits of every directory below; needs recurse."},
      {.name = "purge",
       .type = AttributeType::kBool,
       .doc = "Whether everything in it goes that no resource of the catalog owns and `keep` does "
              "not name."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether there is to be no such directory; one that is not empty needs force."},
  };
}

std::vector<AttributeSchema> ParameterAttributes() {
  return {
      {.name = "recurse",
       .type = AttributeType::kBool,
       .doc = "Whether owner, group, file_mode and directory_mode hold for all below, without "
              "following links or entering mounts.",
       .default_value = false,
       .parameter = true},
      {.name = "keep",
       .type = AttributeType::kStringList,
       .doc =
           "Names relative to the directory that purge and recurse leave alone; \"*\" and \"?\" "
           "stand for anything but \"/\"; a name that ends with \"/\" stands for all below as "
           "well. "
           "What other resources own is left alone too, with all below where that is a directory "
           "with recurse or purge of its own.",
       .parameter = true},
      {.name = "force",
       .type = AttributeType::kBool,
       .doc = "Whether a file or link in its place is removed for it, directories are purged with "
              "all below, and absent removes what is not empty.",
       .default_value = false,
       .parameter = true},
      {.name = "max_entries",
       .type = AttributeType::kInteger,
       .doc =
           "How much there may be below for recurse, purge and force; beyond it nothing is done.",
       .default_value = 10000,
       .min = 1,
       .max = 1000000,
       .parameter = true},
  };
}

std::vector<AttributeSchema> DirectoryAttributes() {
  std::vector<AttributeSchema> all = StateAttributes();
  std::vector<AttributeSchema> parameters = ParameterAttributes();
  all.insert(all.end(), parameters.begin(), parameters.end());
  return all;
}

}  // namespace

const resource::Schema& DirectorySchema() {
  static const resource::Schema kSchema{
      .type = "directory",
      .doc = "A directory: its owner and mode, those of what is below, and what may not be in it.",
      .name_doc = "The absolute path of the directory.",
      .example =
          "directory \"/etc/nginx/sites-enabled\" {\n"
          "  mode  = \"0755\",\n"
          "  purge = true,\n"
          "  keep  = { \"local-*\" },\n"
          "}\n",
      .attributes = DirectoryAttributes(),
      .canonical_name = CanonicalName,
      .check = Check,
      .footprint = FootprintOf,
  };
  return kSchema;
}

}  // namespace fettle::modules
