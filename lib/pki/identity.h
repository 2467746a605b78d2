// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::pki {

// Who may hold a certificate. One certificate, one role.
enum class Role { kServer, kHost, kUser };

// "server", "host", "user".
std::string_view RoleName(Role role);

// Whom a certificate stands for: the one URI subject alternative name `fettle://<role>/<name>`. The
// common name is for people only and decides nothing.
struct Identity {
  Role role = Role::kHost;
  std::string name;

  // Of `fettle://host/web1`; kInvalidArgument for anything else. A name has 1 to 253 of letters,
  // digits and . _ - @ +, and begins with a letter, a digit or _: it is safe as a file name.
  static absl::StatusOr<Identity> FromUri(std::string_view uri);

  // Checks `name` likewise.
  static absl::StatusOr<Identity> Of(Role role, std::string_view name);

  std::string Uri() const;

  bool operator==(const Identity&) const = default;
};

}  // namespace fettle::pki
