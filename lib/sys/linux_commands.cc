// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_commands.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/child_group.h"
#include "lib/sys/errno.h"
#include "lib/sys/http_get.h"
#include "lib/sys/passwd_files.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/spawn.h"

namespace fettle::sys {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(2);

// One stream of a child: keeps the tail.
class Output {
 public:
  explicit Output(std::size_t most) : most_(most) {}

  // Makes the pipe; returns the end for the child.
  absl::StatusOr<UniqueFd> Open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      return ErrnoStatus(errno, "make", "a pipe");
    }
    ours_ = UniqueFd(ends[0]);
    UniqueFd theirs = AboveStandard(UniqueFd(ends[1]));
    fcntl(ours_.get(), F_SETFL, O_NONBLOCK);
    return theirs;
  }

  // -1 once it has been closed at the other end: poll(2) passes over it.
  int fd() const { return ours_.get(); }

  // Takes what is there now.
  void Drain() {
    std::array<char, 16384> block;
    while (ours_.valid()) {
      const ssize_t got = read(ours_.get(), block.data(), block.size());
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        ours_.Close();
      }
      if (got <= 0) {
        return;
      }
      Add({block.data(), static_cast<std::size_t>(got)});
    }
  }

  std::string Take(bool* cut) {
    if (text_.size() > most_) {
      text_.erase(0, text_.size() - most_);
      cut_ = true;
    }
    *cut = *cut || cut_;
    return std::move(text_);
  }

 private:
  void Add(std::string_view part) {
    text_.append(part);
    if (text_.size() > 2 * most_ + (64 << 10)) {
      text_.erase(0, text_.size() - most_);
      cut_ = true;
    }
  }

  const std::size_t most_;
  UniqueFd ours_;
  std::string text_;
  bool cut_ = false;
};

// Standard input: a file in memory, so that neither side waits for the other and no pipe can break.
absl::StatusOr<UniqueFd> OpenInput(const std::optional<std::string>& input) {
  UniqueFd fd(input.has_value() ? memfd_create("input", MFD_CLOEXEC)
                                : open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return ErrnoStatus(errno, "make", "standard input");
  }
  if (input.has_value()) {
    const int error = WriteAll(fd.get(), *input);
    if (error != 0 || lseek(fd.get(), 0, SEEK_SET) != 0) {
      return ErrnoStatus(error != 0 ? error : errno, "fill", "standard input");
    }
  }
  return AboveStandard(std::move(fd));
}

Identity IdentityOf(const AccountFiles& files, const User& user) {
  Identity identity{user.uid, user.gid, {user.gid}};
  for (const Group& group : files.groups) {
    if (group.gid != user.gid &&
        std::binary_search(group.members.begin(), group.members.end(), user.name)) {
      identity.groups.push_back(group.gid);
    }
  }
  return identity;
}

struct Who {
  std::optional<Identity> identity;
  std::string name;
  std::string home = "/";
};

absl::StatusOr<Who> Resolve(const Command& command) {
  Who who;
  if (command.user.empty() && command.group.empty()) {
    who.home = HomeOf(geteuid());
    return who;
  }
  const absl::StatusOr<AccountFiles> files = ReadAccountFiles("");
  RETURN_IF_ERROR(files.status());
  const User* user =
      command.user.empty() ? files->FindUser(geteuid()) : files->FindUser(command.user);
  if (user == nullptr) {
    return FailedPrecondition("cannot run {}: no local user {}", command.argv[0], command.user);
  }
  who.identity = IdentityOf(*files, *user);
  who.home = user->home;
  who.name = user->name;
  if (!command.group.empty()) {
    const Group* group = files->FindGroup(command.group);
    if (group == nullptr) {
      return FailedPrecondition("cannot run {}: no local group {}", command.argv[0], command.group);
    }
    who.identity->gid = group->gid;
  }
  return who;
}

std::vector<std::string> Environment(const Command& command, const Who& who) {
  std::map<std::string, std::string> all = {
      {"PATH", kSearchPath}, {"HOME", who.home}, {"LANG", "C.UTF-8"}, {"LC_ALL", "C.UTF-8"}};
  if (!who.name.empty()) {
    all["USER"] = who.name;
    all["LOGNAME"] = who.name;
  }
  for (const auto& [name, value] : command.environment) {
    all[name] = value;
  }
  std::vector<std::string> environment;
  environment.reserve(all.size());
  for (const auto& [name, value] : all) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  return environment;
}

absl::Status CheckCommand(const Command& command) {
  if (command.argv.empty()) {
    return InvalidArgument("a command without a program");
  }
  for (const std::string& argument : command.argv) {
    if (argument.find('\0') != std::string::npos) {
      return InvalidArgument("an argument of {} holds a NUL byte", command.argv[0]);
    }
  }
  for (const auto& [name, value] : command.environment) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos ||
        value.find('\0') != std::string::npos) {
      return InvalidArgument("environment of {}: \"{}\" is no variable", command.argv[0], name);
    }
  }
  return absl::OkStatus();
}

// Takes output until the child has ended or time is up; true when it has ended.
bool Follow(const Child& child, Output& out, Output& err, Deadline deadline) {
  for (;;) {
    std::array<pollfd, 3> fds = {pollfd{child.pidfd.get(), POLLIN, 0},
                                 pollfd{out.fd(), POLLIN, 0},
                                 pollfd{err.fd(), POLLIN, 0}};
    const int ready = poll(fds.data(), fds.size(), deadline.PollMilliseconds());
    const bool ended = ready > 0 && fds[0].revents != 0;
    out.Drain();
    err.Drain();
    if (ended) {
      return true;
    }
    if (deadline.expired()) {
      return false;
    }
  }
}

}  // namespace

absl::StatusOr<CommandResult> RunCommand(const Command& command, Deadline deadline) {
  RETURN_IF_ERROR(CheckCommand(command));
  RETURN_IF_ERROR(deadline.Check(command.argv[0].c_str()));
  SpawnPlan plan;
  ASSIGN_OR_RETURN(plan.program, FindProgram(command.argv[0]));
  ASSIGN_OR_RETURN(Who who, Resolve(command));
  plan.argv = command.argv;
  plan.environment = Environment(command, who);
  plan.identity = std::move(who.identity);
  plan.directory = command.directory;
  plan.umask = command.umask;
  const ChildGroup group(DelegatedGroup());
  plan.control_group = group.procs();
  Output out(command.max_output);
  Output err(command.max_output);
  absl::StatusOr<Child> child = absl::UnknownError("");
  {
    ASSIGN_OR_RETURN(const UniqueFd in, OpenInput(command.input));
    ASSIGN_OR_RETURN(const UniqueFd their_out, out.Open());
    ASSIGN_OR_RETURN(const UniqueFd their_err, err.Open());
    plan.in = in.get();
    plan.out = their_out.get();
    plan.err = their_err.get();
    child = Spawn(plan);
  }
  RETURN_IF_ERROR(child.status());
  const bool in_time = Follow(*child, out, err, deadline);
  if (!in_time) {
    kill(-child->pid, SIGTERM);
    group.Signal(SIGTERM);
    Follow(*child, out, err, Deadline::After(kGrace));
    // Also when the child itself obeyed: those it started may not have. It is not reaped yet, so
    // its number still names the group.
    kill(-child->pid, SIGKILL);
    group.Kill();
    Follow(*child, out, err, Deadline::Never());
  }
  CommandResult result;
  result.exit_code = Reap(*child);
  result.out = out.Take(&result.output_cut);
  result.err = err.Take(&result.output_cut);
  if (!in_time) {
    const std::string tail = result.Tail();
    return DeadlineExceeded("{} did not end in time and was killed{}{}",
                            command.argv[0],
                            tail.empty() ? "" : "; it had printed: ",
                            tail);
  }
  return result;
}

std::string CommandResult::Tail(std::size_t bytes) const {
  const auto last_lines = [](std::string_view text, std::size_t most) {
    text = Trim(text);
    if (text.size() <= most) {
      return text;
    }
    text.remove_prefix(text.size() - most);
    const std::size_t line = text.find('\n');
    return line == std::string_view::npos ? text : text.substr(line + 1);
  };
  // Errors first in importance: they get at least half, output what is left.
  std::string_view of_err =
      last_lines(err, std::max(bytes / 2, bytes - std::min(bytes, out.size())));
  std::string_view of_out = last_lines(out, bytes - std::min(bytes, of_err.size()));
  if (of_err.empty() || of_out.empty()) {
    return std::string(of_err.empty() ? of_out : of_err);
  }
  return fmt::format("{}\n{}", of_out, of_err);
}

absl::StatusOr<CommandResult> LinuxCommands::Probe(const Command& command,
                                                   Deadline deadline) const {
  return RunCommand(command, deadline);
}

absl::StatusOr<CommandResult> LinuxCommands::Run(const Command& command, Deadline deadline) {
  absl::StatusOr<CommandResult> result = RunCommand(command, deadline);
  changed_();
  return result;
}

absl::StatusOr<Prober::HttpAnswer> LinuxCommands::HttpGet(const std::string& url,
                                                          Deadline deadline) const {
  return GetByHttp(url, deadline);
}

absl::Status LinuxCommands::TcpConnect(const std::string& host,
                                       uint16_t port,
                                       Deadline deadline) const {
  return ConnectByTcp(host, port, deadline);
}

}  // namespace fettle::sys
