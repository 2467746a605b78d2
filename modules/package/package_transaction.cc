// SPDX-License-Identifier: Apache-2.0
#include "modules/package/package_transaction.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::modules {
namespace {

using Rule = WantedPackage::Rule;
using Requests = std::vector<sys::PackageRequest>;

// A member of the batch on its way: what it asks of the package manager, and what became of it.
struct Member {
  const WantedPackage* wanted = nullptr;
  Requests requests;
  absl::Status status;
};

using Members = std::vector<Member*>;

bool Lists(std::span<const resource::Difference> drift, std::string_view attribute) {
  return std::any_of(drift.begin(), drift.end(), [attribute](const resource::Difference& one) {
    return one.attribute == attribute;
  });
}

sys::PackageRequest Request(const WantedPackage& wanted, sys::PackageAction action) {
  sys::PackageRequest request;
  request.name = wanted.name;
  request.action = action;
  return request;
}

absl::StatusOr<Requests> RemovalRequests(const WantedPackage& wanted,
                                         const sys::PackageState& state) {
  if (state.presence == sys::PackagePresence::kInstalled && state.version.empty()) {
    return FailedPrecondition(
        "{} is a virtual package that other installed packages provide; declare those absent "
        "instead",
        wanted.name);
  }
  return Requests{
      Request(wanted, wanted.purged ? sys::PackageAction::kPurge : sys::PackageAction::kRemove)};
}

// The version to ask for, "" for the candidate. The lists may be refreshed by the transaction, so a
// version that is not offered yet is no error here.
absl::StatusOr<std::string> VersionToAskFor(const WantedPackage& wanted,
                                            const sys::HostReader& host,
                                            Deadline deadline) {
  if (wanted.rule == Rule::kExact && wanted.file.empty()) {
    return wanted.version;
  }
  if (wanted.rule != Rule::kMinimum || !wanted.file.empty()) {
    return std::string();
  }
  const sys::PackageReader& packages = host.packages();
  ASSIGN_OR_RETURN(const std::string candidate, packages.Candidate(wanted.name, deadline));
  if (!candidate.empty() && Satisfies(wanted, candidate, packages)) {
    return std::string();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> available,
                   packages.AvailableVersions(wanted.name, deadline));
  const auto newest =
      std::find_if(available.begin(), available.end(), [&](const std::string& version) {
        return Satisfies(wanted, version, packages);
      });
  return newest == available.end() ? std::string() : *newest;
}

absl::Status CheckVersionChange(const WantedPackage& wanted,
                                const sys::PackageState& state,
                                const sys::PackageReader& packages) {
  if (state.held && !wanted.held.has_value() && !wanted.allow_held) {
    return FailedPrecondition(
        "{} is on hold at {}, and the declaration wants another version; release it (`apt-mark "
        "unhold {}`), or say held = true or held = false or allow_held = true in the recipe",
        wanted.name,
        state.version.empty() ? "no version" : state.version,
        wanted.name);
  }
  if (wanted.rule == Rule::kExact && !state.version.empty() && !wanted.allow_downgrade &&
      state.presence == sys::PackagePresence::kInstalled &&
      packages.CompareVersions(wanted.version, state.version) < 0) {
    return FailedPrecondition(
        "{} {} is installed and {} declared, which is older; say allow_downgrade = true if that is "
        "meant",
        wanted.name,
        state.version,
        wanted.version);
  }
  return absl::OkStatus();
}

absl::StatusOr<Requests> InstallRequests(const WantedPackage& wanted,
                                         const sys::PackageState& state,
                                         const sys::HostReader& host,
                                         Deadline deadline) {
  RETURN_IF_ERROR(CheckVersionChange(wanted, state, host.packages()));
  Requests requests;
  if (state.held && wanted.held == false) {
    requests.push_back(Request(wanted, sys::PackageAction::kUnhold));
  }
  sys::PackageRequest install = Request(wanted, sys::PackageAction::kInstall);
  ASSIGN_OR_RETURN(install.version, VersionToAskFor(wanted, host, deadline));
  install.allow_downgrade = wanted.allow_downgrade;
  // Whoever declares the hold decides over it, and has it released or set again here.
  install.allow_held = wanted.allow_held || wanted.held.has_value();
  install.recommends = wanted.recommends;
  install.local_file = wanted.file;
  requests.push_back(std::move(install));
  // A change of version may drop the hold, which is an axis of its own.
  if (wanted.held.value_or(state.held)) {
    requests.push_back(Request(wanted, sys::PackageAction::kHold));
  }
  return requests;
}

absl::StatusOr<Requests> RequestsFor(const PackageWork& work,
                                     const sys::HostReader& host,
                                     Deadline deadline) {
  const WantedPackage& wanted = *work.wanted;
  ASSIGN_OR_RETURN(const sys::PackageState state, host.packages().Package(wanted.name));
  if (wanted.absent) {
    return RemovalRequests(wanted, state);
  }
  if (Lists(work.drift, "present") || Lists(work.drift, "version")) {
    return InstallRequests(wanted, state, host, deadline);
  }
  return Requests{Request(
      wanted,
      wanted.held.value_or(false) ? sys::PackageAction::kHold : sys::PackageAction::kUnhold)};
}

// Whether two declarations can go into one transaction: waiting and removals add up, these do not.
bool SameTransaction(const WantedPackage& a, const WantedPackage& b) {
  return a.options.take_new_conffiles == b.options.take_new_conffiles &&
         a.options.extra_options == b.options.extra_options;
}

void AddOptions(const sys::TransactionOptions& more, sys::TransactionOptions* all) {
  all->lock_wait = std::max(all->lock_wait, more.lock_wait);
  all->repair_broken_first = all->repair_broken_first || more.repair_broken_first;
  for (const std::string& name : more.may_remove) {
    if (std::find(all->may_remove.begin(), all->may_remove.end(), name) == all->may_remove.end()) {
      all->may_remove.push_back(name);
    }
  }
}

absl::Status CommitOnce(const Members& members, sys::Host& host, Deadline deadline) {
  sys::TransactionOptions options = members.front()->wanted->options;
  Requests requests;
  for (const Member* const member : members) {
    AddOptions(member->wanted->options, &options);
    requests.insert(requests.end(), member->requests.begin(), member->requests.end());
  }
  return host.write_packages().Commit(requests, options, deadline);
}

void SetAll(const Members& members, const absl::Status& status) {
  for (Member* const member : members) {
    member->status = status;
  }
}

void CommitEachAlone(const Members& members, sys::Host& host, Deadline deadline) {
  for (Member* const member : members) {
    member->status = CommitOnce({member}, host, deadline);
  }
}

// Failures that one member can be at fault for. A lock that stays taken or a full disk is
// everyone's.
bool MayBeOneMembersFault(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsInvalidArgument(status);
}

bool PartOfName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '_';
}

// Whether `message` holds `name` as a whole word.
bool Names(std::string_view message, std::string_view name) {
  for (std::size_t at = message.find(name); at != std::string_view::npos;
       at = message.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !PartOfName(message[at - 1])) &&
        (end == message.size() || !PartOfName(message[end]))) {
      return true;
    }
  }
  return false;
}

// All in one transaction. When that fails, those that the message names wait; the others are tried
// again together, and only if that fails too, each alone. What was named is then tried alone, since
// being named is no proof. So n packages take at most n + 2 transactions.
void CommitTogether(const Members& members, sys::Host& host, Deadline deadline) {
  const absl::Status status = CommitOnce(members, host, deadline);
  SetAll(members, status);
  if (status.ok() || members.size() == 1 || !MayBeOneMembersFault(status)) {
    return;
  }
  Members named;
  Members others;
  for (Member* const member : members) {
    (Names(Message(status), member->wanted->name) ? named : others).push_back(member);
  }
  if (named.empty() || others.empty()) {
    CommitEachAlone(members, host, deadline);
    return;
  }
  const absl::Status second = CommitOnce(others, host, deadline);
  SetAll(others, second);
  if (!second.ok() && others.size() > 1 && MayBeOneMembersFault(second)) {
    CommitEachAlone(others, host, deadline);
  }
  CommitEachAlone(named, host, deadline);
}

// "; available are 1.3-1, 1.2-4", as far as that can be told.
std::string AvailableHint(const WantedPackage& wanted,
                          const sys::HostReader& host,
                          Deadline deadline) {
  constexpr std::size_t kMost = 5;
  absl::StatusOr<std::vector<std::string>> versions =
      host.packages().AvailableVersions(wanted.name, deadline);
  if (!versions.ok()) {
    return "";
  }
  if (versions->empty()) {
    return "; the repositories of this host offer none (is one missing?)";
  }
  versions->resize(std::min(versions->size(), kMost));
  return fmt::format("; available: {}", fmt::join(*versions, ", "));
}

// The last word on a member: a version that cannot be had is said with those that can.
absl::Status Conclude(const Member& member, const sys::HostReader& host, Deadline deadline) {
  const WantedPackage& wanted = *member.wanted;
  const bool has_version = wanted.rule == Rule::kExact || wanted.rule == Rule::kMinimum;
  if (wanted.absent || !has_version) {
    return member.status;
  }
  if (!member.status.ok()) {
    return MayBeOneMembersFault(member.status)
               ? absl::Status(
                     member.status.code(),
                     fmt::format(
                         "{}{}", Message(member.status), AvailableHint(wanted, host, deadline)))
               : member.status;
  }
  ASSIGN_OR_RETURN(const sys::PackageState state, host.packages().Package(wanted.name));
  if (!Satisfies(wanted, state.version, host.packages())) {
    return FailedPrecondition("{} is at {} after the transaction, wanted is {}{}{}",
                              wanted.name,
                              state.version.empty() ? "no version" : state.version,
                              wanted.rule == Rule::kMinimum ? ">= " : "",
                              wanted.version,
                              AvailableHint(wanted, host, deadline));
  }
  return absl::OkStatus();
}

// The members without an error of their own, by transaction, in order.
std::vector<Members> Transactions(std::vector<Member>* members) {
  std::vector<Members> transactions;
  for (Member& member : *members) {
    if (!member.status.ok()) {
      continue;
    }
    const auto at =
        std::find_if(transactions.begin(), transactions.end(), [&](const Members& others) {
          return SameTransaction(*others.front()->wanted, *member.wanted);
        });
    if (at == transactions.end()) {
      transactions.push_back({&member});
    } else {
      at->push_back(&member);
    }
  }
  return transactions;
}

}  // namespace

bool Satisfies(const WantedPackage& wanted,
               std::string_view version,
               const sys::PackageReader& packages) {
  switch (wanted.rule) {
    case Rule::kExact:
      return packages.CompareVersions(version, wanted.version) == 0;
    case Rule::kMinimum:
      return packages.CompareVersions(version, wanted.version) >= 0;
    case Rule::kAny:
    case Rule::kLatest:
      break;
  }
  return true;
}

std::vector<absl::Status> CommitPackages(std::span<const PackageWork> work,
                                         sys::Host& host,
                                         Deadline deadline) {
  std::vector<Member> members;
  for (const PackageWork& one : work) {
    absl::StatusOr<Requests> requests = RequestsFor(one, host, deadline);
    members.push_back({.wanted = one.wanted,
                       .requests = requests.ok() ? *std::move(requests) : Requests{},
                       .status = requests.status()});
  }
  for (const Members& transaction : Transactions(&members)) {
    CommitTogether(transaction, host, deadline);
  }
  std::vector<absl::Status> statuses;
  for (const Member& member : members) {
    statuses.push_back(Conclude(member, host, deadline));
  }
  return statuses;
}

}  // namespace fettle::modules
