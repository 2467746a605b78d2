// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/user/expiry.h"
#include "modules/user/user.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;

constexpr std::size_t kMostNameBytes = 32;

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What Debian's useradd takes (more than POSIX says), less what reads as a number.
absl::StatusOr<std::string> CanonicalName(std::string_view name) {
  const bool ok =
      !name.empty() && name.size() <= kMostNameBytes && !IsDigits(name) &&
      std::string_view("-+~").find(name.front()) == std::string_view::npos &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return c > ' ' && c < 0x7f && std::string_view(":,/").find(c) == std::string_view::npos;
      });
  if (!ok || name == "." || name == "..") {
    return InvalidArgument(
        "\"{}\" is no user name: expected at most {} letters, digits, \"_\", \"-\", \".\", not "
        "only "
        "digits and not beginning with \"-\"",
        name,
        kMostNameBytes);
  }
  return std::string(name);
}

// Fields of passwd(5) end at a colon, lines at a newline.
absl::Status CheckField(const Attributes& attributes, std::string_view name) {
  const std::string text = attributes.String(name, "");
  if (text.find_first_of(":\n") != std::string::npos) {
    return InvalidArgument("{}: may hold neither \":\" nor a line break", name);
  }
  return absl::OkStatus();
}

// Says nothing of the value: it is a secret.
absl::Status CheckHash(const Attributes& attributes) {
  if (!attributes.Has("password_hash")) {
    return absl::OkStatus();
  }
  const std::string& hash = attributes.Find("password_hash")->AsString();
  if (hash.starts_with("!")) {
    return InvalidArgument(
        "password_hash: begins with \"!\"; give the hash alone and say locked = true");
  }
  if (!hash.starts_with("$") || std::count(hash.begin(), hash.end(), '$') < 3 ||
      hash.find_first_of(":\n \t") != std::string::npos) {
    return InvalidArgument(
        "password_hash: expected a hash as crypt(5) makes it (\"$y$…\", \"$6$…\"; see `mkpasswd`), "
        "never the password itself");
  }
  return absl::OkStatus();
}

absl::Status Check(std::string_view name, const Attributes& attributes) {
  for (const char* const field : {"comment", "home", "shell"}) {
    RETURN_IF_ERROR(CheckField(attributes, field));
  }
  RETURN_IF_ERROR(CheckHash(attributes));
  if (attributes.Bool("password_on_create", false) && !attributes.Has("password_hash")) {
    return InvalidArgument("password_on_create: needs a password_hash");
  }
  if (attributes.Bool("exact_groups", false) && !attributes.Has("groups")) {
    return InvalidArgument("exact_groups: needs `groups`, which may be empty");
  }
  if (attributes.Has("expires")) {
    int64_t day = 0;
    const std::string expires = attributes.String("expires", "");
    if (!ParseExpiry(expires, &day)) {
      return InvalidArgument(
          "expires: expected a day such as \"2027-01-31\" or \"never\", found \"{}\"", expires);
    }
  }
  if (name == "root" && attributes.Bool("absent", false)) {
    return InvalidArgument("absent: root is never removed");
  }
  return absl::OkStatus();
}

resource::Footprint FootprintOf(std::string_view name, const Attributes& attributes) {
  resource::Footprint footprint;
  footprint.owns.push_back(fmt::format("user:{}", name));
  if (attributes.Bool("absent", false)) {
    return footprint;
  }
  footprint.provides.push_back(fmt::format("user:{}", name));
  const std::string home = attributes.String("home", "");
  if (!home.empty() && attributes.Bool("create_home", !attributes.Bool("system", false))) {
    footprint.provides.push_back(fmt::format("path:{}", home));
  }
  footprint.needs.push_back(fmt::format("group:{}", attributes.String("group", name)));
  if (attributes.Bool("exact_groups", false)) {
    footprint.provides.push_back(fmt::format("groups-of:{}", name));
  }
  // The primary group is nobody's to give or take as a supplementary one.
  const std::string primary = attributes.String("group", name);
  footprint.provides.push_back(fmt::format("primary:{}:{}", primary, name));
  for (const std::string& group : attributes.StringList("groups")) {
    if (group != primary) {
      footprint.provides.push_back(fmt::format("member:{}:{}", group, name));
    }
    footprint.needs.push_back(fmt::format("group:{}", group));
  }
  if (attributes.Has("shell")) {
    footprint.needs.push_back(fmt::format("path:{}", attributes.String("shell", "")));
  }
  return footprint;
}

std::vector<AttributeSchema> StateAttributes() {
  return {
      {.name = "uid",
       .type = AttributeType::kInteger,
       .doc = "The user's number; the system chooses one if nothing is said.",
       .min = 0,
       .max = std::numeric_limits<uint32_t>::max() - 1},
      {.name = "group",
       .doc = "The primary group, by name or number; a group of the user's own if nothing is said.",
       .number_too = true},
      {.name = "groups",
       .type = AttributeType::kStringList,
       .doc = "Supplementary groups that the user is in; others stay unless exact_groups is set."},
      {.name = "comment", .doc = "The comment field, mostly the person's full name."},
      {.name = "home", .type = AttributeType::kPath, .doc = "The home directory."},
      {.name = "shell", .type = AttributeType::kPath, .doc = "The login shell."},
      {.name = "password_hash",
       .doc = "The password as crypt(5) hashes it, without a leading \"!\".",
       .secret = true},
      {.name = "locked",
       .type = AttributeType::kBool,
       .doc = "Whether logging in with the password is locked; keys still open unless the shell or "
              "expiry forbid it."},
      {.name = "expires",
       .doc = "The day on which the account expires, such as \"2027-01-31\", or \"never\"."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Whether there is to be no such user."},
  };
}

std::vector<AttributeSchema> Parameters() {
  return {
      {.name = "exact_groups",
       .type = AttributeType::kBool,
       .doc = "Whether the user is to be in no supplementary group but those of `groups`.",
       .default_value = false,
       .parameter = true},
      {.name = "create_home",
       .type = AttributeType::kBool,
       .doc = "Whether a new user gets a home directory; if not said, all but system users do.",
       .parameter = true},
      {.name = "move_home",
       .type = AttributeType::kBool,
       .doc = "Whether the old home's content moves along when `home` changes.",
       .default_value = false,
       .parameter = true},
      {.name = "password_on_create",
       .type = AttributeType::kBool,
       .doc = "Whether password_hash is set for a new user only and left to the user afterwards.",
       .default_value = false,
       .parameter = true},
      {.name = "system",
       .type = AttributeType::kBool,
       .doc = "Whether a new user gets a number of the system range.",
       .default_value = false,
       .parameter = true},
      {.name = "allow_renumber",
       .type = AttributeType::kBool,
       .doc = "Whether the uid of an existing user may be changed; files outside the home keep the "
              "old number.",
       .default_value = false,
       .parameter = true},
      {.name = "remove_home",
       .type = AttributeType::kBool,
       .doc = "Whether removing the user removes the home directory and mail spool too.",
       .default_value = false,
       .parameter = true},
      {.name = "force",
       .type = AttributeType::kBool,
       .doc = "Whether to remove the user although processes of theirs are running.",
       .default_value = false,
       .parameter = true},
  };
}

}  // namespace

const resource::Schema& UserSchema() {
  static const resource::Schema kSchema = [] {
    resource::Schema schema{
        .type = "user",
        .doc =
            "A local user account. What is not said is left as it is, or to the system's "
            "defaults for a new user.",
        .name_doc = "The user's name.",
        .example =
            "user \"deploy\" {\n"
            "  uid = 2001, group = \"deploy\", groups = { \"adm\" },\n"
            "  home = \"/srv/deploy\", shell = \"/bin/bash\",\n"
            "  password_hash = secret \"deploy/hash\",\n"
            "}\n",
        .attributes = StateAttributes(),
        .canonical_name = CanonicalName,
        .check = Check,
        .footprint = FootprintOf,
    };
    for (AttributeSchema& parameter : Parameters()) {
      schema.attributes.push_back(std::move(parameter));
    }
    return schema;
  }();
  return kSchema;
}

}  // namespace fettle::modules
