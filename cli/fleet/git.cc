// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/git.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/linux_commands.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kGitTime = absl::Seconds(30);

absl::StatusOr<sys::CommandResult> Git(const std::string& folder,
                                       const std::vector<std::string>& words) {
  sys::Command command;
  command.argv = {"git"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.directory = folder;
  command.environment = {{"GIT_OPTIONAL_LOCKS", "0"}};  // Looks, and writes no index.
  if (const char* const home = secure_getenv("HOME"); home != nullptr) {
    command.environment["HOME"] = home;  // Where the author's own configuration is.
  }
  return sys::RunCommand(command, Deadline::After(kGitTime));
}

// What `git WORDS` prints on one line; "" if it fails.
std::string Line(const std::string& folder, const std::vector<std::string>& words) {
  const auto result = Git(folder, words);
  return result.ok() && result->exit_code == 0 ? std::string(Trim(result->out)) : std::string();
}

}  // namespace

absl::StatusOr<GitState> ReadGit(const std::string& folder) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(folder, error);
  if (error) {
    return FailedPrecondition("{}: {}", folder, error.message());
  }
  GitState state;
  const auto inside = Git(absolute, {"rev-parse", "--is-inside-work-tree"});
  if (absl::IsNotFound(inside.status())) {
    return state;  // No git here.
  }
  RETURN_IF_ERROR(inside.status());
  if (inside->exit_code != 0 && inside->err.find("not a git repository") == std::string::npos) {
    return FailedPrecondition("git cannot say what {} is: {}", folder, Trim(inside->Tail()));
  }
  if (Trim(inside->out) != "true") {
    return state;
  }
  state.commit = Line(absolute, {"rev-parse", "--verify", "--quiet", "HEAD"});
  state.work_tree = !state.commit.empty();
  if (!state.work_tree) {
    return state;
  }
  ASSIGN_OR_RETURN(const sys::CommandResult changes,
                   Git(absolute, {"status", "--porcelain", "--ignored", "--", "."}));
  if (changes.exit_code != 0) {
    return FailedPrecondition("git status in {}: {}", folder, Trim(changes.Tail()));
  }
  state.dirty = !changes.out.empty();
  const std::string name = Line(absolute, {"config", "user.name"});
  const std::string address = Line(absolute, {"config", "user.email"});
  if (!name.empty()) {
    state.author = address.empty() ? name : fmt::format("{} <{}>", name, address);
  }
  return state;
}

}  // namespace fettle::cli
