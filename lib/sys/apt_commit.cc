// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/sys/apt_lists.h"
#include "lib/sys/apt_transaction.h"
#include "lib/sys/dpkg_lock.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_packages.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/spawn.h"
#include "lib/sys/start_policy.h"

// LinuxPackages::Commit(): runs what apt_transaction.h decides.
namespace fettle::sys {
namespace {

constexpr char kPolicyScript[] = "/usr/sbin/policy-rc.d";
constexpr std::size_t kTail = 256 << 10;
// Between our look at the lock and apt's own attempt another may be quicker.
constexpr int kLockSeconds = 60;

struct Ending {
  int exit_code = 0;
  std::string output;  // Both streams, the tail.
};

std::string TailOf(int fd) {
  struct stat info {};

  if (fstat(fd, &info) != 0) {
    return "";
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  const std::size_t skipped = size - std::min(size, kTail);
  std::string text;
  if (lseek(fd, static_cast<off_t>(skipped), SEEK_SET) < 0 ||
      ReadAll(fd, 0, kTail + 4096, &text) != 0) {
    return "";
  }
  return text;
}

// Runs a program of the package manager to its end, however long it takes: killed half-way it would
// leave packages half-done. It writes to a file, not to a pipe: if we are killed, it goes on
// unharmed.
absl::StatusOr<Ending> RunToEnd(const std::vector<std::string>& argv,
                                const std::map<std::string, std::string>& environment) {
  SpawnPlan plan;
  ASSIGN_OR_RETURN(plan.program, FindProgram(argv[0]));
  plan.argv = argv;
  plan.environment = {
      std::string("PATH=") + kSearchPath, "HOME=/root", "LANG=C.UTF-8", "LC_ALL=C.UTF-8"};
  for (const auto& [name, value] : environment) {
    plan.environment.push_back(name + "=" + value);
  }
  const UniqueFd in = AboveStandard(UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const UniqueFd out = AboveStandard(UniqueFd(memfd_create("package output", MFD_CLOEXEC)));
  if (!in.valid() || !out.valid()) {
    return ErrnoStatus(errno, "make the output file for", argv[0]);
  }
  // Both streams go by one offset of one open file, so nothing is overwritten.
  plan.in = in.get();
  plan.out = out.get();
  plan.err = out.get();
  ASSIGN_OR_RETURN(const Child child, Spawn(plan));
  Ending ending;
  ending.exit_code = Reap(child);
  ending.output = TailOf(out.get());
  return ending;
}

absl::Status RunStep(const std::vector<std::string>& argv,
                     const std::map<std::string, std::string>& environment) {
  if (argv.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Ending ending, RunToEnd(argv, environment));
  return ending.exit_code == 0 ? absl::OkStatus()
                               : AptFailure(argv[0], ending.exit_code, ending.output);
}

// Asks apt what it would do; changes nothing and may be killed.
absl::StatusOr<std::vector<AptStep>> Simulate(std::span<const PackageRequest> requests,
                                              const TransactionOptions& options,
                                              Deadline deadline) {
  Command command;
  command.argv = InstallArgv(requests, options, {.simulate = true});
  if (command.argv.empty()) {
    return std::vector<AptStep>();
  }
  command.environment = AptEnvironment(options);
  command.max_output = 16 << 20;
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0) {
    return AptFailure("apt-get", result.exit_code, result.out + result.err);
  }
  return ParseAptSimulation(result.out);
}

absl::Status AwaitPackageManager(const TransactionOptions& options, Deadline deadline) {
  const std::array<std::string, 2> locks = {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"};
  return AwaitLocks(locks, deadline.Within(options.lock_wait));
}

// Refreshes the lists if they are old. A failure is no error yet: what is to be installed may be in
// the lists that are there; its words are kept for the case that it is not.
std::string RefreshLists(std::span<const PackageRequest> requests,
                         const TransactionOptions& options,
                         Deadline deadline) {
  const bool asks_repositories =
      std::any_of(requests.begin(), requests.end(), [](const PackageRequest& request) {
        return request.action == PackageAction::kInstall && request.local_file.empty();
      });
  if (!asks_repositories || !ListsAreOlderThan(options.refresh_older_than, absl::Now())) {
    return "";
  }
  return std::string(Message(UpdateLists(options.lock_wait, deadline)));
}

// A script that cannot be removed does no harm; the next transaction tries again.
void TakeStartPolicyAway() {
  static_cast<void>(RemoveStartPolicy(kPolicyScript));
}

std::vector<std::string> NamesToPurge(std::span<const PackageRequest> requests) {
  std::vector<std::string> names;
  for (const PackageRequest& request : requests) {
    if (request.action == PackageAction::kPurge) {
      names.push_back(request.name);
    }
  }
  return names;
}

// Whether there is more to do than to set or lift holds.
bool NeedsTransaction(std::span<const PackageRequest> requests) {
  return std::any_of(requests.begin(), requests.end(), [](const PackageRequest& request) {
    return request.action != PackageAction::kHold && request.action != PackageAction::kUnhold;
  });
}

// Whether `--purge` may be given to the whole call: all that is removed shall be purged.
bool PurgesAll(const std::vector<AptStep>& steps, const std::vector<std::string>& purged) {
  return !purged.empty() && std::all_of(steps.begin(), steps.end(), [&](const AptStep& step) {
    return step.kind != AptStep::Kind::kRemove ||
           std::find(purged.begin(), purged.end(), step.name) != purged.end();
  });
}

bool RemovesAny(const std::vector<AptStep>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const AptStep& step) {
    return step.kind == AptStep::Kind::kRemove;
  });
}

}  // namespace

absl::Status LinuxPackages::RepairIfAsked(const TransactionOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> broken, Broken());
  if (broken.empty()) {
    return absl::OkStatus();
  }
  if (!options.repair_broken_first) {
    return FailedPrecondition(
        "packages were left half-done: {}; run `dpkg --configure -a`, or let the repair be done "
        "first",
        fmt::join(broken, ", "));
  }
  RETURN_IF_ERROR(PlaceStartPolicy(kPolicyScript));
  const absl::Cleanup remove_policy = [] { TakeStartPolicyAway(); };
  const absl::Status repaired = RunStep(RepairArgv(options), TransactionEnvironment(options));
  Forget();
  RETURN_IF_ERROR(Annotate(repaired, "repair of half-done packages"));
  ASSIGN_OR_RETURN(const std::vector<std::string> still, Broken());
  return still.empty() ? absl::OkStatus()
                       : FailedPrecondition("still half-done after `dpkg --configure -a`: {}",
                                            fmt::join(still, ", "));
}

std::map<std::string, std::string> LinuxPackages::TransactionEnvironment(
    const TransactionOptions& options) const {
  std::map<std::string, std::string> environment = AptEnvironment(options);
  std::vector<std::string> known;
  for (const char* directory : {"/usr/lib/systemd/system", "/etc/systemd/system", "/etc/init.d"}) {
    const UniqueFd fd(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.valid()) {
      ReadNames(fd.get(), &known);
    }
  }
  environment.merge(StartPolicyEnvironment(hooks_.active_units(), known));
  return environment;
}

absl::Status LinuxPackages::RunTransaction(std::span<const PackageRequest> requests,
                                           const TransactionOptions& options,
                                           const std::vector<AptStep>& steps) {
  const std::map<std::string, std::string> environment = TransactionEnvironment(options);
  RETURN_IF_ERROR(PlaceStartPolicy(kPolicyScript));
  const absl::Cleanup remove_policy = [] { TakeStartPolicyAway(); };
  const std::vector<std::string> purged = NamesToPurge(requests);
  const AptCall call = {.purge = PurgesAll(steps, purged),
                        .no_remove = !RemovesAny(steps) && purged.empty(),
                        .lock_seconds = kLockSeconds};
  RETURN_IF_ERROR(RunStep(InstallArgv(requests, options, call), environment));
  Forget();
  ASSIGN_OR_RETURN(const auto status, Status());
  std::vector<std::string> left;
  std::copy_if(
      purged.begin(), purged.end(), std::back_inserter(left), [&](const std::string& name) {
        const DpkgEntry* entry = status->Find(name);
        return entry != nullptr && PresenceOf(*entry) != PackagePresence::kAbsent;
      });
  return left.empty()
             ? absl::OkStatus()
             : RunStep(PurgeArgv(left, options, {.lock_seconds = kLockSeconds}), environment);
}

absl::Status LinuxPackages::Commit(std::span<const PackageRequest> requests,
                                   const TransactionOptions& options,
                                   Deadline deadline) {
  if (!root_.empty()) {
    return FailedPrecondition("packages below {} can only be looked at", root_);
  }
  RETURN_IF_ERROR(CheckRequests(requests, options));
  const absl::MutexLock one_transaction(&commit_mutex_);
  RETURN_IF_ERROR(AwaitPackageManager(options, deadline));
  const absl::Cleanup changed = [this] { hooks_.changed(); };
  Forget();  // Others may have worked while we waited.
  // One left by a killed run: nobody uses it any more, the lock is free.
  RETURN_IF_ERROR(RemoveStartPolicy(kPolicyScript));
  RETURN_IF_ERROR(RepairIfAsked(options));
  RETURN_IF_ERROR(RunStep(MarkArgv(requests, PackageAction::kUnhold), AptEnvironment(options)));
  Forget();
  const std::string not_refreshed = RefreshLists(requests, options, deadline);
  absl::StatusOr<std::vector<AptStep>> steps = Simulate(requests, options, deadline);
  if (!steps.ok() && !not_refreshed.empty()) {
    return {steps.status().code(),
            fmt::format("{} (the package lists could not be refreshed: {})",
                        Message(steps.status()),
                        not_refreshed)};
  }
  RETURN_IF_ERROR(steps.status());
  ASSIGN_OR_RETURN(const auto status, Status());
  RETURN_IF_ERROR(CheckSteps(*steps, requests, options, *status));
  RETURN_IF_ERROR(deadline.Check("package transaction"));
  if (NeedsTransaction(requests)) {
    RETURN_IF_ERROR(RunTransaction(requests, options, *steps));
  }
  return RunStep(MarkArgv(requests, PackageAction::kHold), AptEnvironment(options));
}

}  // namespace fettle::sys
