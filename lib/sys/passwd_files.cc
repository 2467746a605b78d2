// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/passwd_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "absl/container/flat_hash_map.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/errno.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMaxFile = 256 << 20;  // Local files of big shared hosts have 100,000s of lines.

bool ParseId(std::string_view text, uint32_t* id) {
  int64_t value = 0;
  if (!ParseInt(text, &value) || value < 0 || value > UINT32_MAX) {
    return false;
  }
  *id = static_cast<uint32_t>(value);
  return true;
}

// The fields of a line, or none when it is none of an account.
std::vector<std::string_view> Fields(std::string_view line, std::size_t at_least) {
  if (line.empty() || line[0] == '#' || line[0] == '+' || line[0] == '-') {
    return {};
  }
  std::vector<std::string_view> fields = Split(line, ':');
  return fields.size() < at_least || fields[0].empty() ? std::vector<std::string_view>() : fields;
}

void SetPassword(std::string_view field, User& user) {
  user.locked = !field.empty() && (field[0] == '!' || field[0] == '*');
  const std::size_t hash = field.find_first_not_of('!');
  if (hash != std::string_view::npos && field.substr(hash) != "*") {
    user.password_hash = field.substr(hash);
  }
}

std::vector<User> ParsePasswd(std::string_view text) {
  std::vector<User> users;
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> fields = Fields(line, 7);
    User user;
    if (fields.empty() || !ParseId(fields[2], &user.uid) || !ParseId(fields[3], &user.gid)) {
      continue;
    }
    user.name = fields[0];
    user.comment = fields[4];
    user.home = fields[5];
    user.shell = fields[6];
    if (fields[1] != "x") {
      SetPassword(fields[1], user);  // A hash in passwd itself, from before shadow files.
    }
    users.push_back(std::move(user));
  }
  return users;
}

std::vector<Group> ParseGroup(std::string_view text) {
  std::vector<Group> groups;
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> fields = Fields(line, 4);
    Group group;
    if (fields.empty() || !ParseId(fields[2], &group.gid)) {
      continue;
    }
    group.name = fields[0];
    for (const std::string_view member : Split(fields[3], ',')) {
      if (!member.empty()) {
        group.members.emplace_back(member);
      }
    }
    std::sort(group.members.begin(), group.members.end());
    groups.push_back(std::move(group));
  }
  return groups;
}

void AddShadow(std::string_view text, std::vector<User>& users) {
  absl::flat_hash_map<std::string, User*> by_name;
  for (User& user : users) {
    by_name.try_emplace(user.name, &user);
  }
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> fields = Fields(line, 8);
    const auto found = fields.empty() ? by_name.end() : by_name.find(std::string(fields[0]));
    if (found == by_name.end()) {
      continue;
    }
    SetPassword(fields[1], *found->second);
    int64_t day = -1;
    found->second->expires_day = ParseInt(fields[7], &day) && day >= 0 ? day : -1;
  }
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  const int error = fd.valid() ? ReadAll(fd.get(), 0, kMaxFile, &text) : errno;
  if (error != 0) {
    return ErrnoStatus(error, "read", path);
  }
  return text;
}

template <typename List, typename Matches>
const typename List::value_type* FirstThat(const List& list, Matches matches) {
  const auto found = std::find_if(list.begin(), list.end(), matches);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const User* AccountFiles::FindUser(std::string_view name) const {
  return FirstThat(users, [&](const User& user) { return user.name == name; });
}

const User* AccountFiles::FindUser(uint32_t uid) const {
  return FirstThat(users, [&](const User& user) { return user.uid == uid; });
}

const Group* AccountFiles::FindGroup(std::string_view name) const {
  return FirstThat(groups, [&](const Group& group) { return group.name == name; });
}

const Group* AccountFiles::FindGroup(uint32_t gid) const {
  return FirstThat(groups, [&](const Group& group) { return group.gid == gid; });
}

std::vector<std::string> AccountFiles::GroupsOf(std::string_view user) const {
  std::vector<std::string> names;
  for (const Group& group : groups) {
    if (std::find(group.members.begin(), group.members.end(), user) != group.members.end()) {
      names.push_back(group.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

AccountFiles ParseAccountFiles(std::string_view passwd,
                               std::string_view group,
                               std::string_view shadow) {
  AccountFiles files;
  files.users = ParsePasswd(passwd);
  files.groups = ParseGroup(group);
  AddShadow(shadow, files.users);
  return files;
}

std::string FindHome(std::string_view passwd, uint32_t uid) {
  while (!passwd.empty()) {
    const std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(passwd.size(), line.size() + 1));
    const std::vector<std::string_view> fields = Fields(line, 7);
    uint32_t of_line = 0;
    if (!fields.empty() && ParseId(fields[2], &of_line) && of_line == uid) {
      return std::string(fields[5]);
    }
  }
  return "/";
}

std::string HomeOf(uint32_t uid) {
  const absl::StatusOr<std::string> passwd = ReadWhole("/etc/passwd");
  return passwd.ok() ? FindHome(*passwd, uid) : "/";
}

absl::StatusOr<AccountFiles> ReadAccountFiles(const std::string& root) {
  ASSIGN_OR_RETURN(const std::string passwd, ReadWhole(root + "/etc/passwd"));
  ASSIGN_OR_RETURN(const std::string group, ReadWhole(root + "/etc/group"));
  const absl::StatusOr<std::string> shadow = ReadWhole(root + "/etc/shadow");
  if (!shadow.ok() && !absl::IsPermissionDenied(shadow.status()) &&
      !absl::IsNotFound(shadow.status())) {
    return shadow.status();
  }
  return ParseAccountFiles(passwd, group, shadow.ok() ? *shadow : std::string());
}

}  // namespace fettle::sys
