// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_packages.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/debian_version.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/place.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMaxStatus = 256 << 20;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

FileStat LookOrNothing(const std::string& path) {
  Look look;
  return LookAt(AT_FDCWD, path.c_str(), &look) == 0 ? look.stat : FileStat();
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Look look;
  std::string text;
  int error = fd.valid() ? LookAtFd(fd.get(), &look) : errno;
  if (error == 0) {
    error = ReadAll(fd.get(), look.stat.size, kMaxStatus, &text);
  }
  if (error != 0) {
    return ErrnoStatus(error, "read", path);
  }
  return text;
}

// dpkg's own journal: files named by four digits, to be applied in order.
std::vector<std::string> UpdateFiles(const std::string& directory) {
  std::vector<std::string> names;
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ReadNames(fd.get(), &names) != 0) {
    return {};
  }
  std::erase_if(names, [](const std::string& name) {
    int64_t number = 0;
    return name.size() != 4 || !ParseInt(name, &number);
  });
  std::sort(names.begin(), names.end());
  return names;
}

// All that apt's answers depend on: installed packages, lists, sources, preferences.
std::vector<FileStat> LookAtAptState() {
  constexpr std::array<const char*, 8> kPaths = {"/var/lib/dpkg/status",
                                                 "/var/lib/apt/lists",
                                                 "/var/lib/apt/lists/partial",
                                                 "/etc/apt/sources.list",
                                                 "/etc/apt/sources.list.d",
                                                 "/etc/apt/preferences",
                                                 "/etc/apt/preferences.d",
                                                 "/etc/apt/apt.conf.d"};
  std::vector<FileStat> stats;
  stats.reserve(kPaths.size());
  for (const char* path : kPaths) {
    stats.push_back(LookOrNothing(path));
  }
  return stats;
}

absl::StatusOr<std::map<std::string, AptPolicy>> AskApt(std::vector<std::string> names,
                                                        Deadline deadline) {
  Command command;
  command.argv = {"apt-cache", "policy", "--"};
  command.argv.insert(command.argv.end(),
                      std::make_move_iterator(names.begin()),
                      std::make_move_iterator(names.end()));
  command.max_output = 32 << 20;
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0) {
    return FailedPrecondition(
        "apt-cache policy failed with exit code {}: {}", result.exit_code, result.Tail());
  }
  return ParseAptPolicy(result.out);
}

}  // namespace

absl::Status CheckPackageName(std::string_view name) {
  const std::size_t colon = name.find(':');
  const std::string_view bare = name.substr(0, colon);
  const std::string_view architecture =
      colon == std::string_view::npos ? "any" : name.substr(colon + 1);
  const auto well_formed = [](std::string_view part) {
    return !part.empty() && part[0] != '-' && part[0] != '+' && part[0] != '.' &&
           std::all_of(part.begin(), part.end(), IsNameCharacter);
  };
  // apt-get takes a final "-" for a wish to remove.
  return bare.size() > 1 && bare.back() != '-' && well_formed(bare) && well_formed(architecture)
             ? absl::OkStatus()
             : InvalidArgument(
                   "\"{}\" is no package name: small letters, digits, \"+\", \"-\", \".\", and "
                   "perhaps \":\" with an architecture",
                   name);
}

void LinuxPackages::Forget() const {
  {
    const absl::MutexLock lock(&mutex_);
    fresh_ = false;
  }
  const absl::MutexLock lock(&policy_mutex_);
  policy_fresh_ = false;
}

absl::StatusOr<std::shared_ptr<const DpkgStatus>> LinuxPackages::ReadStatus() const {
  const std::string directory = root_ + "/var/lib/dpkg";
  // Looked at before it is read: a change in between is then seen at the next pass.
  const std::pair now{LookOrNothing(directory + "/status"), LookOrNothing(directory + "/updates")};
  if (status_ != nullptr && now == seen_) {
    return status_;
  }
  std::vector<std::string> texts;
  ASSIGN_OR_RETURN(std::string status, ReadWhole(directory + "/status"));
  texts.push_back(std::move(status));
  for (const std::string& name : UpdateFiles(directory + "/updates")) {
    absl::StatusOr<std::string> text = ReadWhole(directory + "/updates/" + name);
    if (text.ok()) {  // Else dpkg has just folded it into the status file.
      texts.push_back(*std::move(text));
    }
  }
  status_ = std::make_shared<const DpkgStatus>(std::move(texts));
  seen_ = now;
  return status_;
}

absl::StatusOr<std::shared_ptr<const DpkgStatus>> LinuxPackages::Status() const {
  const absl::MutexLock lock(&mutex_);
  if (fresh_) {
    return status_;
  }
  absl::StatusOr<std::shared_ptr<const DpkgStatus>> status = ReadStatus();
  if (absl::IsNotFound(status.status())) {
    return FailedPrecondition("this host has no dpkg database ({})", Message(status.status()));
  }
  fresh_ = status.ok();
  return status;
}

absl::StatusOr<PackageState> LinuxPackages::Package(const std::string& name) const {
  ASSIGN_OR_RETURN(const auto status, Status());
  return status->State(name);
}

absl::StatusOr<std::vector<std::string>> LinuxPackages::Broken() const {
  ASSIGN_OR_RETURN(const auto status, Status());
  return status->Broken();
}

absl::StatusOr<std::map<std::string, PackageState>> LinuxPackages::InstalledPackages() const {
  ASSIGN_OR_RETURN(const auto status, Status());
  std::map<std::string, PackageState> packages;
  for (std::string& name : status->Installed()) {
    PackageState state = status->State(name);
    packages.emplace(std::move(name), std::move(state));
  }
  return packages;
}

int LinuxPackages::CompareVersions(std::string_view a, std::string_view b) const {
  return CompareDebianVersions(a, b);
}

absl::StatusOr<AptPolicy> LinuxPackages::Policy(const std::string& full_name,
                                                Deadline deadline) const {
  RETURN_IF_ERROR(CheckPackageName(full_name));
  ASSIGN_OR_RETURN(const auto status, Status());
  // apt answers to "bash:amd64" under "bash" where amd64 is native.
  const std::size_t colon = full_name.find(':');
  const bool is_native =
      colon != std::string::npos && full_name.substr(colon + 1) == status->native_architecture();
  const std::string name = is_native ? full_name.substr(0, colon) : full_name;
  // Held while apt-cache runs: others who ask meanwhile want the same answer.
  const absl::MutexLock lock(&policy_mutex_);
  if (!policy_fresh_) {
    std::vector<FileStat> now = LookAtAptState();
    if (now != policy_seen_) {
      policies_.clear();
      policy_misses_ = 0;
      policy_seen_ = std::move(now);
    }
    policy_fresh_ = true;
  }
  if (const auto found = policies_.find(name); found != policies_.end()) {
    return found->second;
  }
  // apt-cache takes as long to start as to answer for everything: who asks for a second package is
  // likely to ask for many.
  std::vector<std::string> names = {name};
  if (++policy_misses_ == 2) {
    const std::vector<std::string> installed = status->Installed();
    names.insert(names.end(), installed.begin(), installed.end());
  }
  ASSIGN_OR_RETURN(auto answers, AskApt(std::move(names), deadline));
  policies_.merge(answers);
  return policies_[name];  // Unknown to apt: nothing can be installed.
}

absl::StatusOr<std::string> LinuxPackages::Candidate(const std::string& name,
                                                     Deadline deadline) const {
  ASSIGN_OR_RETURN(AptPolicy policy, Policy(name, deadline));
  return std::move(policy.candidate);
}

absl::StatusOr<std::vector<std::string>> LinuxPackages::AvailableVersions(const std::string& name,
                                                                          Deadline deadline) const {
  ASSIGN_OR_RETURN(AptPolicy policy, Policy(name, deadline));
  return std::move(policy.versions);
}

}  // namespace fettle::sys
