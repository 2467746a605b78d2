// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/sys/accounts.h"

namespace fettle::sys {

// The local account files as read at one moment. A value.
struct AccountFiles {
  std::vector<User> users;
  std::vector<Group> groups;

  const User* FindUser(std::string_view name) const;
  const User* FindUser(uint32_t uid) const;
  const Group* FindGroup(std::string_view name) const;
  const Group* FindGroup(uint32_t gid) const;

  // Names of the groups that list `user`, sorted.
  std::vector<std::string> GroupsOf(std::string_view user) const;
};

// Parses the texts of passwd(5), group(5) and shadow(5). Lines that are empty, comments, NIS "+"
// lines or malformed are passed over, as the C library does; of two with one name the first counts.
AccountFiles ParseAccountFiles(std::string_view passwd,
                               std::string_view group,
                               std::string_view shadow);

// Reads /etc/passwd, /etc/group and, where we may, /etc/shadow below `root`.
absl::StatusOr<AccountFiles> ReadAccountFiles(const std::string& root);

// The home of the user with this number in a text of passwd(5); "/" when there is none. Reads no
// further than it must.
std::string FindHome(std::string_view passwd, uint32_t uid);

// The same by /etc/passwd.
std::string HomeOf(uint32_t uid);

}  // namespace fettle::sys
