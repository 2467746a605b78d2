// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/sys/accounts.h"

// The command lines that change accounts, as pure functions. Password hashes are in none of them:
// they go to chpasswd's standard input (PasswordInput).
namespace fettle::sys {

using Argv = std::vector<std::string>;

// Names that useradd(8) takes and no file of colons and commas is broken by: a letter or "_" first,
// then letters, digits, "_", "-", "."; a final "$"; at most 32 characters; not digits only.
absl::Status CheckAccountName(std::string_view kind, std::string_view name);

// That no field of `change` holds a colon or a newline and every name in it is one.
absl::Status CheckUserChange(std::string_view name, const UserChange& change);
absl::Status CheckGroupChange(std::string_view name, const GroupChange& change);

Argv CreateUserArgv(const std::string& name, const UserChange& change);

// Empty when nothing but the password is to change.
Argv ChangeUserArgv(const std::string& name, const UserChange& change);

Argv RemoveUserArgv(const std::string& name, const UserRemoval& removal);

Argv CreateGroupArgv(const std::string& name, const GroupChange& change);

// Empty when only members are to change.
Argv ChangeGroupArgv(const std::string& name, const GroupChange& change);

// Exactly these members.
Argv SetMembersArgv(const std::string& name, const std::vector<std::string>& members);

Argv RemoveGroupArgv(const std::string& name);

// The line for `chpasswd -e` that gives `name` the password field `change` asks for, when `now` is
// what it has; nullopt when neither hash nor lock are to change. An account that is locked keeps
// its hash behind "!"; one without a hash gets "!" or "*", never an empty field, which would let
// anybody in: to unlock it is kFailedPrecondition, as usermod(8) has it.
absl::StatusOr<std::optional<std::string>> PasswordInput(const std::string& name,
                                                         const UserChange& change,
                                                         const User& now);

}  // namespace fettle::sys
