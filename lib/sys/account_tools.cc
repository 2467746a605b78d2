// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/account_tools.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::sys {
namespace {

constexpr std::size_t kMaxName = 32;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

absl::Status CheckField(std::string_view name,
                        std::string_view field,
                        const std::optional<std::string>& value) {
  if (value.has_value() &&
      value->find_first_of(std::string_view(":\n\0", 3)) != std::string::npos) {
    return InvalidArgument("account {}: its {} holds a colon, a newline or NUL", name, field);
  }
  return absl::OkStatus();
}

absl::Status CheckNames(std::string_view kind,
                        const std::optional<std::vector<std::string>>& names) {
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    RETURN_IF_ERROR(CheckAccountName(kind, name));
  }
  return absl::OkStatus();
}

void Add(Argv& argv, const char* option, const std::optional<std::string>& value) {
  if (value.has_value()) {
    argv.emplace_back(option);
    argv.push_back(*value);
  }
}

void Add(Argv& argv, const char* option, const std::optional<uint32_t>& value) {
  if (value.has_value()) {
    argv.emplace_back(option);
    argv.push_back(std::to_string(*value));
  }
}

// What useradd and usermod have in common.
void AddCommon(Argv& argv, const UserChange& change) {
  Add(argv, "--uid", change.uid);
  Add(argv, "--gid", change.primary_group);
  Add(argv, "--comment", change.comment);
  Add(argv, "--home", change.home);
  Add(argv, "--shell", change.shell);
  if (change.expires_day.has_value()) {
    argv.emplace_back("--expiredate");
    // An empty date means never; days since 1970 are taken as they are.
    argv.push_back(*change.expires_day < 0 ? "" : std::to_string(*change.expires_day));
  }
  if (change.groups.has_value()) {
    argv.emplace_back("--groups");
    argv.push_back(fmt::format("{}", fmt::join(*change.groups, ",")));
  }
}

Argv Finish(Argv argv, const std::string& name) {
  argv.emplace_back("--");
  argv.push_back(name);
  return argv;
}

}  // namespace

absl::Status CheckAccountName(std::string_view kind, std::string_view name) {
  std::string_view body = name;
  if (body.size() > 1 && body.back() == '$') {
    body.remove_suffix(1);
  }
  const bool well_formed = !body.empty() && name.size() <= kMaxName &&
                           (IsLetter(body[0]) || IsDigit(body[0])) &&
                           !std::all_of(body.begin(), body.end(), IsDigit) &&
                           std::all_of(body.begin(), body.end(), [](char c) {
                             return IsLetter(c) || IsDigit(c) || c == '-' || c == '.';
                           });
  return well_formed ? absl::OkStatus()
                     : InvalidArgument(
                           "\"{}\" is no name for a {}: letters, digits, \"_\", \"-\" and "
                           "\".\", not only digits, at most {} characters",
                           name,
                           kind,
                           kMaxName);
}

absl::Status CheckUserChange(std::string_view name, const UserChange& change) {
  RETURN_IF_ERROR(CheckAccountName("user", name));
  RETURN_IF_ERROR(CheckField(name, "comment", change.comment));
  RETURN_IF_ERROR(CheckField(name, "home directory", change.home));
  RETURN_IF_ERROR(CheckField(name, "shell", change.shell));
  RETURN_IF_ERROR(CheckField(name, "password hash", change.password_hash));
  if (change.primary_group.has_value() &&
      !std::all_of(change.primary_group->begin(), change.primary_group->end(), IsDigit)) {
    RETURN_IF_ERROR(CheckAccountName("group", *change.primary_group));
  }
  return CheckNames("group", change.groups);
}

absl::Status CheckGroupChange(std::string_view name, const GroupChange& change) {
  RETURN_IF_ERROR(CheckAccountName("group", name));
  return CheckNames("user", change.members);
}

Argv CreateUserArgv(const std::string& name, const UserChange& change) {
  Argv argv = {"useradd"};
  if (change.system) {
    argv.emplace_back("--system");
  }
  argv.emplace_back(change.create_home ? "--create-home" : "--no-create-home");
  AddCommon(argv, change);
  return Finish(std::move(argv), name);
}

Argv ChangeUserArgv(const std::string& name, const UserChange& change) {
  Argv argv = {"usermod"};
  AddCommon(argv, change);
  if (argv.size() == 1) {
    return {};
  }
  if (change.home.has_value() && change.move_home) {
    argv.emplace_back("--move-home");
  }
  return Finish(std::move(argv), name);
}

Argv RemoveUserArgv(const std::string& name, const UserRemoval& removal) {
  Argv argv = {"userdel"};
  if (removal.remove_home) {
    argv.emplace_back("--remove");
  }
  if (removal.force) {
    argv.emplace_back("--force");
  }
  return Finish(std::move(argv), name);
}

Argv CreateGroupArgv(const std::string& name, const GroupChange& change) {
  Argv argv = {"groupadd"};
  if (change.system) {
    argv.emplace_back("--system");
  }
  Add(argv, "--gid", change.gid);
  return Finish(std::move(argv), name);
}

Argv ChangeGroupArgv(const std::string& name, const GroupChange& change) {
  if (!change.gid.has_value()) {
    return {};
  }
  Argv argv = {"groupmod"};
  Add(argv, "--gid", change.gid);
  return Finish(std::move(argv), name);
}

Argv SetMembersArgv(const std::string& name, const std::vector<std::string>& members) {
  return Finish({"gpasswd", "--members", fmt::format("{}", fmt::join(members, ","))}, name);
}

Argv RemoveGroupArgv(const std::string& name) {
  return Finish({"groupdel"}, name);
}

absl::StatusOr<std::optional<std::string>> PasswordInput(const std::string& name,
                                                         const UserChange& change,
                                                         const User& now) {
  if (!change.password_hash.has_value() && !change.locked.has_value()) {
    return std::nullopt;
  }
  const std::string hash = change.password_hash.value_or(now.password_hash);
  if (hash.empty() && change.locked == false) {
    return FailedPrecondition(
        "cannot unlock user {}: without a password anybody could log in; give it a password hash "
        "too",
        name);
  }
  const bool locked = change.locked.value_or(now.locked);
  const std::string field = locked ? "!" + hash : (hash.empty() ? "*" : hash);
  return fmt::format("{}:{}\n", name, field);
}

}  // namespace fettle::sys
