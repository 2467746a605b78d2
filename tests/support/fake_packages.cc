// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_packages.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/sys/debian_version.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using sys::CompareDebianVersions;
using sys::PackageAction;
using sys::PackagePresence;

// "libc6:i386" and "libc6" are one package here: the fake machine has one architecture.
std::string Bare(const std::string& name) {
  return name.substr(0, name.find(':'));
}

bool Contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

FakePackages::FakePackages(FakeCalls& calls,
                           FakeFiles& files,
                           FakeUnits& units,
                           FakeAccounts& accounts)
    : calls_(calls), files_(files), units_(units), accounts_(accounts) {}

void FakePackages::AddAvailable(FakePackage package) {
  const Lock lock(calls_.mutex());
  const std::string name = package.name;
  available_[name] = std::move(package);
}

void FakePackages::AddLocal(const std::string& path, FakePackage package) {
  const Lock lock(calls_.mutex());
  local_[path] = std::move(package);
}

void FakePackages::Install(const std::string& name, const std::string& version) {
  const Lock lock(calls_.mutex());
  const FakePackage* const package = FindAvailable(name);
  if (package == nullptr) {
    std::cerr << "FakePackages::Install: no package " << name << "\n";
    std::abort();
  }
  Unpack(*package, version.empty() ? package->versions.front() : version, false);
}

void FakePackages::Remove(const std::string& name, bool purge) {
  const Lock lock(calls_.mutex());
  Drop(name, purge);
}

void FakePackages::SetHeld(const std::string& name, bool held) {
  const Lock lock(calls_.mutex());
  installed_[name].held = held;
}

void FakePackages::Break(const std::string& name, const std::string& as) {
  const Lock lock(calls_.mutex());
  installed_[name].presence = PackagePresence::kBroken;
  installed_[name].broken_as = as;
}

const FakePackage* FakePackages::FindAvailable(const std::string& name) const {
  if (const auto found = available_.find(Bare(name)); found != available_.end()) {
    return &found->second;
  }
  for (const auto& [real, package] : available_) {
    if (Contains(package.provides, name)) {
      return &package;
    }
  }
  return nullptr;
}

sys::PackageState FakePackages::StateOf(const std::string& name) const {
  if (const auto found = installed_.find(Bare(name)); found != installed_.end()) {
    return found->second;
  }
  for (const auto& [real, package] : shipped_) {
    const auto state = installed_.find(real);
    if (Contains(package.provides, name) && state != installed_.end() &&
        state->second.presence == PackagePresence::kInstalled) {
      sys::PackageState provided;
      provided.presence = PackagePresence::kInstalled;
      return provided;
    }
  }
  return {};
}

bool FakePackages::Installed(const std::string& name) const {
  return StateOf(name).presence == PackagePresence::kInstalled;
}

absl::StatusOr<sys::PackageState> FakePackages::Package(const std::string& name) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Package {}", name)));
  return StateOf(name);
}

absl::StatusOr<std::map<std::string, sys::PackageState>> FakePackages::InstalledPackages() const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, "InstalledPackages"));
  std::map<std::string, sys::PackageState> packages;
  for (const auto& [name, state] : installed_) {
    if (Installed(name)) {
      packages.emplace(name, state);
    }
  }
  return packages;
}

absl::StatusOr<std::string> FakePackages::Candidate(const std::string& name,
                                                    Deadline deadline) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Candidate {}", name), deadline));
  const auto found = available_.find(Bare(name));
  return found == available_.end() ? "" : found->second.versions.front();
}

absl::StatusOr<std::vector<std::string>> FakePackages::AvailableVersions(const std::string& name,
                                                                         Deadline deadline) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("AvailableVersions {}", name), deadline));
  const auto found = available_.find(Bare(name));
  return found == available_.end() ? std::vector<std::string>() : found->second.versions;
}

absl::StatusOr<std::vector<std::string>> FakePackages::Broken() const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, "Broken"));
  std::vector<std::string> names;
  for (const auto& [name, state] : installed_) {
    if (state.presence == PackagePresence::kBroken) {
      names.push_back(name);
    }
  }
  return names;
}

int FakePackages::CompareVersions(std::string_view a, std::string_view b) const {
  return CompareDebianVersions(a, b);
}

absl::Status FakePackages::SolveInstall(const sys::PackageRequest& request, Solution* solution) {
  const auto local = local_.find(request.local_file);
  if (!request.local_file.empty() && local == local_.end()) {
    return FailedPrecondition("{}: no such package file", request.local_file);
  }
  const FakePackage* const package =
      request.local_file.empty() ? FindAvailable(request.name) : &local->second;
  if (package == nullptr) {
    return FailedPrecondition("package {}: Unable to locate package", request.name);
  }
  const std::string version = request.version.empty() ? package->versions.front() : request.version;
  if (!Contains(package->versions, version)) {
    return FailedPrecondition("package {}: Version '{}' was not found", request.name, version);
  }
  const sys::PackageState now = StateOf(package->name);
  const bool here = now.presence == PackagePresence::kInstalled;
  const int order = here ? CompareDebianVersions(version, now.version) : 1;
  if (order != 0 && here && now.held && !request.allow_held) {
    return FailedPrecondition("package {}: is held at {}", request.name, now.version);
  }
  if (order < 0 && !request.allow_downgrade) {
    return FailedPrecondition(
        "package {}: {} would be a downgrade from {}", request.name, version, now.version);
  }
  solution->install[package->name] = {package, version};
  return AddDependencies(*package, request.recommends, solution);
}

absl::Status FakePackages::AddDependencies(const FakePackage& package,
                                           bool recommends,
                                           Solution* solution) {
  std::deque<std::pair<const FakePackage*, bool>> todo = {{&package, recommends}};
  while (!todo.empty()) {
    const auto [one, with_recommends] = todo.front();
    todo.pop_front();
    std::vector<std::string> wanted = one->depends;
    if (with_recommends) {
      wanted.insert(wanted.end(), one->recommends.begin(), one->recommends.end());
    }
    for (const std::string& name : wanted) {
      const FakePackage* const found = FindAvailable(name);
      if (Installed(name) || (found != nullptr && solution->install.contains(found->name))) {
        continue;
      }
      if (found == nullptr) {
        return FailedPrecondition(
            "package {}: depends on {}, which is not installable", one->name, name);
      }
      solution->install[found->name] = {found, found->versions.front()};
      todo.emplace_back(found, with_recommends);
    }
  }
  return absl::OkStatus();
}

// What else has to go: what conflicts with the new, and what depends on the removed.
absl::Status FakePackages::SolveRemovals(const sys::TransactionOptions& options,
                                         Solution* solution) const {
  std::vector<std::string> undeclared;
  for (const auto& [name, one] : solution->install) {
    for (const std::string& enemy : one.package->conflicts) {
      if (Installed(enemy) && !solution->remove.contains(enemy)) {
        undeclared.push_back(enemy);
      }
    }
  }
  for (const auto& [name, package] : shipped_) {
    const bool stays = Installed(name) && !solution->remove.contains(name);
    const bool broken =
        std::any_of(package.depends.begin(), package.depends.end(), [&](const std::string& need) {
          return solution->remove.contains(need) && !solution->install.contains(need);
        });
    if (stays && broken) {
      undeclared.push_back(name);
    }
  }
  for (const std::string& name : undeclared) {
    if (!Contains(options.may_remove, name)) {
      return FailedPrecondition("would remove {}, which nobody declared absent", name);
    }
    solution->remove.emplace(name, false);
  }
  return absl::OkStatus();
}

absl::Status FakePackages::Commit(std::span<const sys::PackageRequest> requests,
                                  const sys::TransactionOptions& options,
                                  Deadline deadline) {
  const Lock lock(calls_.mutex());
  std::string what = "Commit";
  for (const sys::PackageRequest& request : requests) {
    what += " " + request.name;
  }
  RETURN_IF_ERROR(calls_.Begin(true, what, deadline));
  transactions_.push_back({{requests.begin(), requests.end()}, options});
  if (!lock_holder_.empty()) {
    return absl::ResourceExhaustedError(
        fmt::format("the package manager's lock is held by {}", lock_holder_));
  }
  RETURN_IF_ERROR(CheckUnbroken(options.repair_broken_first));
  Solution solution;
  for (const sys::PackageRequest& request : requests) {
    switch (request.action) {
      case PackageAction::kInstall:
        RETURN_IF_ERROR(SolveInstall(request, &solution));
        break;
      case PackageAction::kRemove:
      case PackageAction::kPurge:
        solution.remove[Bare(request.name)] = request.action == PackageAction::kPurge;
        break;
      case PackageAction::kHold:
      case PackageAction::kUnhold:
        solution.hold[Bare(request.name)] = request.action == PackageAction::kHold;
        break;
    }
  }
  RETURN_IF_ERROR(SolveRemovals(options, &solution));
  Perform(solution, options.take_new_conffiles);
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakePackages::CheckUnbroken(bool repair) {
  for (auto& [name, state] : installed_) {
    if (state.presence != PackagePresence::kBroken) {
      continue;
    }
    if (!repair) {
      return FailedPrecondition(
          "package {} is {}: run `dpkg --configure -a`", name, state.broken_as);
    }
    state.presence = PackagePresence::kInstalled;
    state.broken_as.clear();
  }
  return absl::OkStatus();
}

void FakePackages::Perform(const Solution& solution, bool take_new_conffiles) {
  for (const auto& [name, purge] : solution.remove) {
    Drop(name, purge);
  }
  for (const auto& [name, one] : solution.install) {
    Unpack(FakePackage(*one.package), one.version, take_new_conffiles);
  }
  for (const auto& [name, held] : solution.hold) {
    installed_[name].held = held;
  }
}

void FakePackages::Unpack(const FakePackage& package,
                          const std::string& version,
                          bool take_new_conffiles) {
  for (const auto& [path, content] : package.files) {
    files_.PutFile(path, content);
  }
  for (const auto& [path, content] : package.conffiles) {
    if (take_new_conffiles || !files_.Exists(path)) {
      files_.PutFile(path, content);
    }
  }
  for (const sys::User& user : package.users) {
    if (!accounts_.HasUser(user.name)) {
      accounts_.Put(user);
      accounts_.Put(sys::Group{user.name, user.gid, {}});
    }
  }
  const bool fresh = !Installed(package.name);
  for (const std::string& unit : package.units) {
    if (fresh) {
      units_.Add(unit, "enabled");
    }
  }
  sys::PackageState& state = installed_[package.name];
  state.presence = PackagePresence::kInstalled;
  state.version = version;
  state.architecture = package.architecture;
  shipped_[package.name] = package;
}

void FakePackages::Drop(const std::string& name, bool purge) {
  const auto found = installed_.find(name);
  if (found == installed_.end()) {
    return;
  }
  const FakePackage& package = shipped_[name];
  for (const auto& [path, content] : package.files) {
    files_.Delete(path);
  }
  for (const std::string& unit : package.units) {
    units_.Forget(unit);
  }
  if (!purge && !package.conffiles.empty()) {
    found->second.presence = PackagePresence::kConfigFiles;
    return;
  }
  for (const auto& [path, content] : package.conffiles) {
    files_.Delete(path);
  }
  shipped_.erase(name);
  installed_.erase(found);
}

}  // namespace fettle::testing
