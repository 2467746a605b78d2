// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/identity.h"

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"

namespace fettle::pki {
namespace {

constexpr std::string_view kScheme = "fettle://";
constexpr std::size_t kMaxName = 253;  // A fully qualified host name's limit.
constexpr std::array kRoles = {Role::kServer, Role::kHost, Role::kUser};

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsNameCharacter(char c) {
  return IsAlphanumeric(c) || std::string_view("._-@+").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kServer:
      return "server";
    case Role::kHost:
      return "host";
    case Role::kUser:
      return "user";
  }
  return "unknown";
}

absl::StatusOr<Identity> Identity::Of(Role role, std::string_view name) {
  if (name.empty() || name.size() > kMaxName) {
    return InvalidArgument(
        "the name of a {} has 1 to {} characters, not {}", RoleName(role), kMaxName, name.size());
  }
  const bool begins_well = IsAlphanumeric(name.front()) || name.front() == '_';
  if (!begins_well || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return InvalidArgument(
        "\"{}\" cannot name a {}: letters, digits and . _ - @ + are allowed, the first a letter, a "
        "digit or _",
        name,
        RoleName(role));
  }
  return Identity{.role = role, .name = std::string(name)};
}

absl::StatusOr<Identity> Identity::FromUri(std::string_view uri) {
  for (const Role role : kRoles) {
    const std::string prefix = fmt::format("{}{}/", kScheme, RoleName(role));
    if (uri.starts_with(prefix)) {
      return Of(role, uri.substr(prefix.size()));
    }
  }
  return InvalidArgument(
      "\"{}\" is not an identity (fettle://server/NAME, fettle://host/NAME or fettle://user/NAME)",
      uri.substr(0, 2 * kMaxName));
}

std::string Identity::Uri() const {
  return fmt::format("{}{}/{}", kScheme, RoleName(role), name);
}

}  // namespace fettle::pki
