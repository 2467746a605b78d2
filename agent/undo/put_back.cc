// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/put_back.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "agent/undo/put_back_accounts.h"
#include "agent/undo/put_back_files.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

bool Wants(const Wanted& wanted, const char* part) {
  return std::find(wanted.parts.begin(), wanted.parts.end(), part) != wanted.parts.end();
}

absl::Status PutBackEnabled(const Wanted& wanted,
                            const sys::UnitState& unit,
                            sys::UnitWriter& units,
                            Deadline deadline) {
  const std::string_view before = PartOf(*wanted.before, "enabled");
  const bool was = before == "yes";
  const bool is = unit.unit_file_state.starts_with("enabled");
  const bool can = is || unit.unit_file_state == "disabled";
  // Of a unit that was masked it is not known.
  if (!Wants(wanted, "enabled") || before.empty() || was == is || !can) {
    return absl::OkStatus();
  }
  return was ? units.Enable(wanted.thing->name, deadline)
             : units.Disable(wanted.thing->name, deadline);
}

absl::Status PutBackActive(const Wanted& wanted,
                           const sys::UnitState& unit,
                           bool active,
                           sys::UnitWriter& units,
                           Deadline deadline) {
  const bool was = PartOf(*wanted.before, "active") == "yes";
  if (!Wants(wanted, "active") || was != active || was == unit.active()) {
    return absl::OkStatus();
  }
  return active ? units.Start(wanted.thing->name, deadline)
                : units.Stop(wanted.thing->name, deadline);
}

absl::Status PutBackUnit(const Wanted& wanted, sys::Host& host, Deadline deadline) {
  const std::string& name = wanted.thing->name;
  sys::UnitWriter& units = host.write_units();
  ASSIGN_OR_RETURN(sys::UnitState unit, host.units().Unit(name, deadline));
  if (unit.needs_daemon_reload) {
    RETURN_IF_ERROR(units.ReloadManager(deadline));
    ASSIGN_OR_RETURN(unit, host.units().Unit(name, deadline));
  }
  if (!unit.exists()) {
    return absl::OkStatus();
  }
  const bool masked = PartOf(*wanted.before, "masked") == "yes";
  if (Wants(wanted, "masked") && unit.masked() && !masked) {
    RETURN_IF_ERROR(units.Unmask(name, deadline));
    ASSIGN_OR_RETURN(unit, host.units().Unit(name, deadline));
  }
  RETURN_IF_ERROR(PutBackActive(wanted, unit, false, units, deadline));
  if (!unit.masked()) {
    RETURN_IF_ERROR(PutBackEnabled(wanted, unit, units, deadline));
  }
  RETURN_IF_ERROR(PutBackActive(wanted, unit, true, units, deadline));
  return Wants(wanted, "masked") && masked && !unit.masked() ? units.Mask(name, deadline)
                                                             : absl::OkStatus();
}

// The archive that apt keeps of a package it has installed.
std::string ArchiveOf(const std::string& name, const PackagePart& package) {
  std::string version = package.version;
  for (std::size_t at = version.find(':'); at != std::string::npos; at = version.find(':', at)) {
    version.replace(at, 1, "%3a");
  }
  return fmt::format("/var/cache/apt/archives/{}_{}_{}.deb",
                     name.substr(0, name.find(':')),
                     version,
                     package.architecture);
}

absl::StatusOr<std::vector<sys::PackageRequest>> RequestsFor(const Wanted& wanted,
                                                             const sys::HostReader& host,
                                                             Deadline deadline) {
  std::vector<sys::PackageRequest> requests;
  std::vector<sys::PackageRequest> holds;
  for (const std::string& name : wanted.parts) {
    ASSIGN_OR_RETURN(const sys::PackageState now, host.packages().Package(name));
    const bool there = now.presence == sys::PackagePresence::kInstalled ||
                       now.presence == sys::PackagePresence::kBroken;
    const std::string_view bytes = PartOf(*wanted.before, name);
    if (bytes.empty()) {
      if (there) {
        sys::PackageRequest request;
        request.name = name;
        request.action = sys::PackageAction::kRemove;
        request.allow_held = true;
        requests.push_back(std::move(request));
      }
      continue;
    }
    const PackagePart before = DecodePackage(bytes);
    if (!there || now.version != before.version) {
      sys::PackageRequest request;
      request.name = name;
      request.version = before.version;
      request.allow_downgrade = true;
      request.allow_held = true;
      ASSIGN_OR_RETURN(const std::vector<std::string> versions,
                       host.packages().AvailableVersions(name, deadline));
      if (std::find(versions.begin(), versions.end(), before.version) == versions.end()) {
        request.local_file = ArchiveOf(name, before);
      }
      requests.push_back(std::move(request));
    }
    if (now.held != before.held) {
      sys::PackageRequest& hold = holds.emplace_back();
      hold.name = name;
      hold.action = before.held ? sys::PackageAction::kHold : sys::PackageAction::kUnhold;
    }
  }
  requests.insert(requests.end(), holds.begin(), holds.end());
  return requests;
}

absl::Status PutBackPackages(const Wanted& wanted, sys::Host& host, Deadline deadline) {
  ASSIGN_OR_RETURN(const std::vector<sys::PackageRequest> requests,
                   RequestsFor(wanted, host, deadline));
  if (requests.empty()) {
    return absl::OkStatus();
  }
  sys::TransactionOptions options;
  options.refresh_older_than = absl::InfiniteDuration();
  options.repair_broken_first = true;
  for (const sys::PackageRequest& request : requests) {
    if (request.action == sys::PackageAction::kRemove) {
      options.may_remove.push_back(request.name);
    }
  }
  return host.write_packages().Commit(requests, options, deadline);
}

std::string WhyNotPackages(const Wanted& wanted, const sys::HostReader& host, Deadline deadline) {
  for (const std::string& name : wanted.parts) {
    const std::string_view bytes = PartOf(*wanted.before, name);
    if (bytes.empty()) {
      continue;
    }
    const PackagePart before = DecodePackage(bytes);
    if (before.broken) {
      return fmt::format("package {} was half-done before", name);
    }
    const absl::StatusOr<sys::PackageState> now = host.packages().Package(name);
    if (now.ok() && now->version == before.version) {
      continue;
    }
    const auto versions = host.packages().AvailableVersions(name, deadline);
    const bool offered =
        versions.ok() &&
        std::find(versions->begin(), versions->end(), before.version) != versions->end();
    if (!offered && !host.files().Stat(ArchiveOf(name, before)).ok()) {
      return fmt::format("package {} {} is not to be had any more", name, before.version);
    }
  }
  return "";
}

}  // namespace

bool Wanted::removes() const {
  return before->empty();
}

std::string WhyNot(const Wanted& wanted,
                   const sys::HostReader& host,
                   const std::function<bool(const Digest&)>& kept,
                   Deadline deadline) {
  switch (wanted.thing->kind) {
    case Kind::kPath:
    case Kind::kTree:
    case Kind::kTarget:
      return WhyNotFiles(wanted, kept);
    case Kind::kSysctl:
      return wanted.before->empty() ? "a kernel setting can't be taken away" : "";
    case Kind::kPackages:
      return WhyNotPackages(wanted, host, deadline);
    default:
      return "";
  }
}

absl::Status PutBack(const Wanted& wanted,
                     sys::Host& host,
                     const OldContent& content,
                     Deadline deadline) {
  switch (wanted.thing->kind) {
    case Kind::kPath:
    case Kind::kTree:
    case Kind::kTarget:
      return PutBackFiles(wanted, host, content, deadline);
    case Kind::kSysctl:
      return host.write_kernel().SetSysctl(wanted.thing->name,
                                           std::string(PartOf(*wanted.before, "value")));
    case Kind::kUser:
      return PutBackUser(wanted, host, deadline);
    case Kind::kGroup:
      return PutBackGroup(wanted, host, deadline);
    case Kind::kUnit:
      return PutBackUnit(wanted, host, deadline);
    case Kind::kPackages:
      break;
  }
  return PutBackPackages(wanted, host, deadline);
}

}  // namespace fettle::undo
