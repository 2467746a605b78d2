// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_accounts.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/account_tools.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/place.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

absl::Status RunTool(const Argv& argv, std::optional<std::string> input, Deadline deadline) {
  Command command;
  command.argv = argv;
  command.input = std::move(input);
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  if (result.exit_code == 0) {
    return absl::OkStatus();
  }
  const std::string said = result.Tail();
  return FailedPrecondition("{} failed with exit code {}: {}",
                            argv[0],
                            result.exit_code,
                            said.empty() ? "it said nothing" : said);
}

std::string ShortRead(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(64, '\0');
  std::size_t got = 0;
  if (!fd.valid() || ReadUpTo(fd.get(), text.data(), text.size(), &got) != 0) {
    return "";
  }
  text.resize(got);
  return std::string(Trim(text));
}

}  // namespace

void LinuxAccounts::Forget() const {
  const absl::MutexLock lock(&mutex_);
  files_.reset();
}

absl::StatusOr<std::shared_ptr<const AccountFiles>> LinuxAccounts::Files() const {
  const absl::MutexLock lock(&mutex_);
  if (files_ == nullptr) {
    ASSIGN_OR_RETURN(AccountFiles files, ReadAccountFiles(root_));
    files_ = std::make_shared<const AccountFiles>(std::move(files));
  }
  return files_;
}

absl::StatusOr<User> LinuxAccounts::FindUser(const std::string& name) const {
  ASSIGN_OR_RETURN(const auto files, Files());
  const User* user = files->FindUser(name);
  return user != nullptr ? absl::StatusOr<User>(*user) : NotFound("no local user {}", name);
}

absl::StatusOr<User> LinuxAccounts::FindUser(uint32_t uid) const {
  ASSIGN_OR_RETURN(const auto files, Files());
  const User* user = files->FindUser(uid);
  return user != nullptr ? absl::StatusOr<User>(*user) : NotFound("no local user with uid {}", uid);
}

absl::StatusOr<Group> LinuxAccounts::FindGroup(const std::string& name) const {
  ASSIGN_OR_RETURN(const auto files, Files());
  const Group* group = files->FindGroup(name);
  return group != nullptr ? absl::StatusOr<Group>(*group) : NotFound("no local group {}", name);
}

absl::StatusOr<Group> LinuxAccounts::FindGroup(uint32_t gid) const {
  ASSIGN_OR_RETURN(const auto files, Files());
  const Group* group = files->FindGroup(gid);
  return group != nullptr ? absl::StatusOr<Group>(*group)
                          : NotFound("no local group with gid {}", gid);
}

absl::StatusOr<std::vector<std::string>> LinuxAccounts::GroupsOf(const std::string& user) const {
  ASSIGN_OR_RETURN(const auto files, Files());
  return files->GroupsOf(user);
}

std::vector<std::string> LinuxAccounts::ProcessesOf(uint32_t uid, std::size_t most) const {
  std::vector<std::string> processes;
  std::vector<std::string> names;
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc.valid() || ReadNames(proc.get(), &names) != 0) {
    return processes;
  }
  for (const std::string& name : names) {
    int64_t pid = 0;
    Look look;
    // The directory belongs to whom the process runs as; one that has gone meanwhile is no matter.
    if (processes.size() >= most || !ParseInt(name, &pid) ||
        LookAt(proc.get(), name.c_str(), &look) != 0 || look.stat.uid != uid) {
      continue;
    }
    processes.push_back(fmt::format("{} {}", name, ShortRead(fmt::format("/proc/{}/comm", name))));
  }
  return processes;
}

absl::Status LinuxAccounts::RunTools(const std::vector<std::vector<std::string>>& commands,
                                     Deadline deadline) {
  if (!root_.empty()) {
    return FailedPrecondition("accounts below {} can only be looked at", root_);
  }
  absl::Status status;
  for (const Argv& argv : commands) {
    if (!argv.empty() && status.ok()) {
      status = RunTool(argv, std::nullopt, deadline);
    }
  }
  Forget();
  return status;
}

absl::Status LinuxAccounts::SetPassword(const std::string& name,
                                        const UserChange& change,
                                        Deadline deadline) {
  ASSIGN_OR_RETURN(const User now, FindUser(name));
  ASSIGN_OR_RETURN(std::optional<std::string> input, PasswordInput(name, change, now));
  if (!input.has_value()) {
    return absl::OkStatus();
  }
  const absl::Status status = RunTool({"chpasswd", "--encrypted"}, std::move(input), deadline);
  Forget();
  return Annotate(status, fmt::format("password of user {}", name));
}

absl::Status LinuxAccounts::CreateUser(const std::string& name,
                                       const UserChange& change,
                                       Deadline deadline) {
  RETURN_IF_ERROR(CheckUserChange(name, change));
  RETURN_IF_ERROR(Annotate(RunTools({CreateUserArgv(name, change)}, deadline),
                           fmt::format("create user {}", name)));
  UserChange password = change;
  if (!change.locked.has_value() && !change.password_hash.value_or("").empty()) {
    password.locked = false;  // useradd locks what has no password yet.
  }
  return SetPassword(name, password, deadline);
}

absl::Status LinuxAccounts::ChangeUser(const std::string& name,
                                       const UserChange& change,
                                       Deadline deadline) {
  RETURN_IF_ERROR(CheckUserChange(name, change));
  RETURN_IF_ERROR(Annotate(RunTools({ChangeUserArgv(name, change)}, deadline),
                           fmt::format("change user {}", name)));
  return SetPassword(name, change, deadline);
}

absl::Status LinuxAccounts::RemoveUser(const std::string& name,
                                       const UserRemoval& removal,
                                       Deadline deadline) {
  RETURN_IF_ERROR(CheckAccountName("user", name));
  return Annotate(RunTools({RemoveUserArgv(name, removal)}, deadline),
                  fmt::format("remove user {}", name));
}

absl::Status LinuxAccounts::CreateGroup(const std::string& name,
                                        const GroupChange& change,
                                        Deadline deadline) {
  RETURN_IF_ERROR(CheckGroupChange(name, change));
  std::vector<Argv> commands = {CreateGroupArgv(name, change)};
  if (change.members.has_value() && !change.members->empty()) {
    commands.push_back(SetMembersArgv(name, *change.members));
  }
  return Annotate(RunTools(commands, deadline), fmt::format("create group {}", name));
}

absl::Status LinuxAccounts::ChangeGroup(const std::string& name,
                                        const GroupChange& change,
                                        Deadline deadline) {
  RETURN_IF_ERROR(CheckGroupChange(name, change));
  std::vector<Argv> commands = {ChangeGroupArgv(name, change)};
  if (change.members.has_value()) {
    commands.push_back(SetMembersArgv(name, *change.members));
  }
  return Annotate(RunTools(commands, deadline), fmt::format("change group {}", name));
}

absl::Status LinuxAccounts::RemoveGroup(const std::string& name, Deadline deadline) {
  RETURN_IF_ERROR(CheckAccountName("group", name));
  return Annotate(RunTools({RemoveGroupArgv(name)}, deadline),
                  fmt::format("remove group {}", name));
}

}  // namespace fettle::sys
