// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/rehearse.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "cli/lab/files.h"
#include "cli/lab/guest.h"
#include "cli/lab/lab.h"
#include "cli/lab/mounts.h"
#include "cli/lab/process.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/dpkg_status.h"

namespace fettle::lab {
namespace {

constexpr const char* kHost = "rehearsal";
constexpr const char* kTree = "/run/rehearsal/tree";
constexpr const char* kProgram = "/run/rehearsal/fettle";
// The tree and the program are shown to the clone; what the runs write stays in its memory.
constexpr const char* kWork = "/run/rehearsal-work";

// One look at a clone.
struct Picture {
  LayerSnapshot layers;
  std::string packages;
  std::string users;
  std::string groups;
  std::set<std::string> active;
};

class Clone {
 public:
  Clone(std::string folder, HostRecord record)
      : folder_(std::move(folder)), record_(std::move(record)) {}

  std::vector<Layer> layers() const { return LayersOf(folder_, record_.mount_points); }

  // Runs argv in the clone; its exit code.
  absl::StatusOr<RunResult> Run(const std::vector<std::string>& argv, Deadline deadline) const {
    ASSIGN_OR_RETURN(const ProcessId leader, LeaderOf(record_.supervisor));
    const auto body = [&leader, &argv] {
      const absl::StatusOr<int> code = RunInside(leader, argv, {});
      return code.ok() ? *code : 1;
    };
    return RunForked(body, "", deadline);
  }

  // A file of the clone that lies in its memory.
  std::string ReadVolatile(const std::string& path) const {
    const absl::StatusOr<ProcessId> leader = LeaderOf(record_.supervisor);
    return leader.ok() ? ReadText(fmt::format("/proc/{}/root{}", leader->pid, path)).value_or("")
                       : "";
  }

  std::string Read(const std::string& path) const {
    return ReadText(folder_ + "/root" + path).value_or("");
  }

  std::vector<std::string> Failed() const {
    return FailedUnits(record_.supervisor, Deadline::After(absl::Seconds(30)));
  }

  absl::StatusOr<Picture> Look() const {
    ASSIGN_OR_RETURN(const RunResult units,
                     Run({"systemctl",
                          "list-units",
                          "--type=service,socket,timer,mount,path",
                          "--state=active",
                          "--plain",
                          "--no-legend",
                          "--no-pager"},
                         Deadline::After(absl::Seconds(60))));
    Picture picture;
    for (const std::string_view line : SplitLines(units.output)) {
      const std::vector<std::string_view> words = SplitWords(line);
      if (!words.empty()) {
        picture.active.emplace(words.front());
      }
    }
    picture.packages = Read("/var/lib/dpkg/status");
    picture.users = Read("/etc/passwd");
    picture.groups = Read("/etc/group");
    picture.layers = TakeSnapshot(layers());
    return picture;
  }

 private:
  const std::string folder_;
  const HostRecord record_;
};

std::vector<std::string> ApplyArgv(const RehearsalOptions& options, std::string_view pass) {
  // The words of the tree's user are arguments of the script, never part of its text.
  const std::string script =
      fmt::format(R"(mkdir -p {0}; exec "$@" >{0}/{1}.json 2>{0}/{1}.err)", kWork, pass);
  std::vector<std::string> argv = {"/bin/sh",
                                   "-c",
                                   script,
                                   "sh",
                                   kProgram,
                                   "apply",
                                   kTree,
                                   "--state-dir",
                                   fmt::format("{}/state", kWork),
                                   "-o",
                                   "json"};
  if (!options.host.empty()) {
    argv.insert(argv.end(), {"--host", options.host});
  }
  for (const std::string& label : options.labels) {
    argv.insert(argv.end(), {"--label", label});
  }
  return argv;
}

absl::StatusOr<int> ApplyOnce(const Clone& clone,
                              const RehearsalOptions& options,
                              std::string_view pass,
                              std::string* report,
                              std::string* errors) {
  const absl::StatusOr<RunResult> done =
      clone.Run(ApplyArgv(options, pass), Deadline::After(options.timeout));
  if (absl::IsDeadlineExceeded(done.status())) {
    return DeadlineExceeded("the {} run in the clone took longer than {}; see --timeout",
                            pass,
                            absl::FormatDuration(options.timeout));
  }
  RETURN_IF_ERROR(done.status());
  *report = clone.ReadVolatile(fmt::format("{}/{}.json", kWork, pass));
  *errors += clone.ReadVolatile(fmt::format("{}/{}.err", kWork, pass));
  return done->exit_code;
}

void Compare(const Clone& clone, const Picture& before, const Picture& after, Rehearsal* result) {
  for (FileChange& change : ChangesSince(before.layers, clone.layers())) {
    if (IsBookkeeping(change.path)) {
      ++result->bookkeeping;
    } else {
      result->files.push_back(std::move(change));
    }
  }
  result->packages = PackageChanges(before.packages, after.packages);
  result->users = AccountChanges(before.users, after.users);
  result->groups = AccountChanges(before.groups, after.groups);
  for (const std::string& unit : after.active) {
    if (!before.active.contains(unit)) {
      result->units.push_back("started " + unit);
    }
  }
  for (const std::string& unit : before.active) {
    if (!after.active.contains(unit)) {
      result->units.push_back("stopped " + unit);
    }
  }
}

std::map<std::string, std::string> VersionsOf(std::string_view database) {
  std::map<std::string, std::string> versions;
  for (const sys::DpkgEntry& entry : sys::ParseDpkgStatus(database)) {
    if (entry.status != "not-installed" && entry.status != "config-files") {
      versions[std::string(entry.name)] = entry.version;
    }
  }
  return versions;
}

std::map<std::string, std::string> LinesByName(std::string_view text) {
  std::map<std::string, std::string> lines;
  for (const std::string_view line : SplitLines(text)) {
    lines[std::string(line.substr(0, line.find(':')))] = line;
  }
  return lines;
}

}  // namespace

std::vector<std::string> AccountChanges(std::string_view before, std::string_view after) {
  const auto was = LinesByName(before);
  const auto now = LinesByName(after);
  std::vector<std::string> changes;
  for (const auto& [name, line] : now) {
    const auto old = was.find(name);
    if (old == was.end() || old->second != line) {
      changes.push_back((old == was.end() ? "added " : "changed ") + name);
    }
  }
  for (const auto& [name, line] : was) {
    if (!now.contains(name)) {
      changes.push_back("removed " + name);
    }
  }
  return changes;
}

std::vector<std::string> PackageChanges(std::string_view before, std::string_view after) {
  const auto was = VersionsOf(before);
  const auto now = VersionsOf(after);
  std::vector<std::string> changes;
  for (const auto& [name, version] : now) {
    const auto old = was.find(name);
    if (old == was.end()) {
      changes.push_back(fmt::format("install {} {}", name, version));
    } else if (old->second != version) {
      changes.push_back(fmt::format("upgrade {} {} -> {}", name, old->second, version));
    }
  }
  for (const auto& [name, version] : was) {
    if (!now.contains(name)) {
      changes.push_back(fmt::format("remove {} {}", name, version));
    }
  }
  return changes;
}

absl::StatusOr<Rehearsal> Rehearse(const std::string& lab, const RehearsalOptions& options) {
  const State state(kStateFolder);
  Lab hosts(state, lab, [](std::string_view /*line*/) {});
  UpOptions up;
  up.hosts = {kHost};
  up.binds = {fmt::format("{}:{}", options.tree, kTree),
              fmt::format("{}:{}", options.program, kProgram)};
  up.host_network = options.host_network;
  up.memory_bytes = options.memory_bytes;
  up.cpu_percent = options.cpu_percent;
  RETURN_IF_ERROR(hosts.Up(up));
  ASSIGN_OR_RETURN(HostRecord record, state.LoadHost(lab, kHost));
  const Clone clone(state.HostFolder(lab, kHost), std::move(record));
  ASSIGN_OR_RETURN(const Picture before, clone.Look());
  Rehearsal result;
  ASSIGN_OR_RETURN(result.first_exit,
                   ApplyOnce(clone, options, "first", &result.first_report, &result.errors));
  ASSIGN_OR_RETURN(const Picture after, clone.Look());
  Compare(clone, before, after, &result);
  ASSIGN_OR_RETURN(result.second_exit,
                   ApplyOnce(clone, options, "second", &result.second_report, &result.errors));
  result.failed_units = clone.Failed();
  return result;
}

}  // namespace fettle::lab
