// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/planned_packages.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::sys {

absl::StatusOr<PackageState> PlannedPackages::Package(const std::string& name) const {
  const auto at = packages_.find(name);
  if (at == packages_.end()) {
    return base_.Package(name);
  }
  world_.Rely(Confidence::kPredicted);
  return at->second;
}

absl::StatusOr<std::string> PlannedPackages::Candidate(const std::string& name,
                                                       Deadline deadline) const {
  return base_.Candidate(name, deadline);
}

absl::StatusOr<std::vector<std::string>> PlannedPackages::AvailableVersions(
    const std::string& name, Deadline deadline) const {
  return base_.AvailableVersions(name, deadline);
}

absl::StatusOr<std::vector<std::string>> PlannedPackages::Broken() const {
  return repaired_ ? std::vector<std::string>() : base_.Broken();
}

int PlannedPackages::CompareVersions(std::string_view a, std::string_view b) const {
  return base_.CompareVersions(a, b);
}

absl::Status PlannedPackages::Repair(const TransactionOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> broken, Broken());
  if (broken.empty()) {
    return absl::OkStatus();
  }
  if (!options.repair_broken_first) {
    return FailedPrecondition(
        "packages were left half-done: {}; run `dpkg --configure -a`, or say repair_broken = true",
        fmt::join(broken, ", "));
  }
  world_.Note(fmt::format("repair half-done packages with dpkg --configure -a: {}",
                          fmt::join(broken, ", ")),
              true);
  repaired_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ForeseenPackage>> PlannedPackages::StepsOf(
    std::span<const PackageRequest> requests,
    const TransactionOptions& options,
    Deadline deadline) {
  if (foresight_ != nullptr) {
    return foresight_->Steps(requests, options, deadline);
  }
  std::vector<ForeseenPackage> steps;
  for (const PackageRequest& request : requests) {
    if (request.action == PackageAction::kHold || request.action == PackageAction::kUnhold) {
      continue;
    }
    ASSIGN_OR_RETURN(const PackageState now, Package(request.name));
    ForeseenPackage step;
    step.name = request.name;
    step.old_version = now.presence == PackagePresence::kInstalled ? now.version : "";
    if (request.action == PackageAction::kInstall) {
      step.new_version = request.version;
      if (step.new_version.empty()) {
        ASSIGN_OR_RETURN(step.new_version, base_.Candidate(request.name, deadline));
      }
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

void PlannedPackages::TakeContents(const ForeseenPackage& package) {
  // Accounts first: the files belong to some of them.
  for (const std::string& user : package.users) {
    accounts_.BringUser(user, Confidence::kPredicted);
  }
  for (const std::string& group : package.guessed_groups) {
    accounts_.BringGroup(group, Confidence::kLow);
  }
  for (const std::string& user : package.guessed_users) {
    accounts_.BringUser(user, Confidence::kLow);
  }
  for (const ForeseenFile& file : package.files) {
    if (file.kind == FileKind::kDirectory && files_.Stat(file.path).ok()) {
      continue;
    }
    FileStat stat;
    stat.kind = file.kind;
    stat.mode = file.mode;
    stat.size = file.size;
    const absl::StatusOr<User> owner = accounts_.FindUser(file.owner);
    const absl::StatusOr<Group> group = accounts_.FindGroup(file.group);
    stat.uid = owner.ok() ? owner->uid : 0;
    stat.gid = group.ok() ? group->gid : 0;
    files_.Bring(file.path,
                 stat,
                 file.target,
                 [this, archive = package.archive, path = file.path](uint64_t max_bytes) {
                   return foresight_->Content(
                       archive, path, max_bytes, Deadline::After(absl::Minutes(1)));
                 });
  }
}

void PlannedPackages::Take(ForeseenPackage package, Deadline deadline) {
  PackageState& state = packages_[package.name];
  if (state.presence == PackagePresence::kInstalled && state.version == package.new_version) {
    return;  // An earlier resource's transaction brings it already.
  }
  const bool removed = package.new_version.empty();
  state.presence = removed ? PackagePresence::kAbsent : PackagePresence::kInstalled;
  state.version = package.new_version;
  if (foresight_ != nullptr) {
    foresight_->LookInside(&package, deadline);
  }
  world_.Note(StepText(package));
  if (!package.contents_known) {
    world_.Note(fmt::format("maintainer scripts of {} (not looked into: the archive is not at "
                            "hand; see --download)",
                            package.name),
                true);
    world_.Cloud();
    return;
  }
  TakeContents(package);
  if (!package.scripts.empty()) {
    // What scripts usually bring (accounts, links) is guessed; it does not cloud what follows.
    world_.NoteScripts(fmt::format(
        "maintainer scripts of {}: {}", package.name, fmt::join(package.scripts, ", ")));
  }
}

void PlannedPackages::Mark(std::span<const PackageRequest> requests) {
  for (const PackageRequest& request : requests) {
    const bool hold = request.action == PackageAction::kHold;
    if (!hold && request.action != PackageAction::kUnhold) {
      continue;
    }
    PackageState state = Package(request.name).value_or(PackageState());
    state.held = hold;
    packages_[request.name] = state;
    world_.Note(fmt::format("{} {}", hold ? "hold" : "unhold", request.name));
  }
}

absl::Status PlannedPackages::Commit(std::span<const PackageRequest> requests,
                                     const TransactionOptions& options,
                                     Deadline deadline) {
  RETURN_IF_ERROR(Repair(options));
  ASSIGN_OR_RETURN(std::vector<ForeseenPackage> steps, StepsOf(requests, options, deadline));
  for (ForeseenPackage& step : steps) {
    Take(std::move(step), deadline);
  }
  for (const PackageRequest& request : requests) {
    if (request.action == PackageAction::kPurge) {
      packages_[request.name] = PackageState();
    }
  }
  Mark(requests);
  return absl::OkStatus();
}

}  // namespace fettle::sys
