// SPDX-License-Identifier: Apache-2.0
#include "server/api/package_lists.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/api/list_limits.h"
#include "server/fleet/host_view.h"
#include "server/reports/to_proto.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMostNameBytes = 256;
constexpr int kMostNotKnown = 1000;

absl::Status CheckName(std::string_view name) {
  const bool good =
      name.size() <= kMostNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("+-.:_~*?").find(c) != std::string_view::npos;
      });
  return good ? absl::OkStatus()
              : InvalidArgument(
                    "\"{}\" is no name of a package, and no pattern of names (* is any characters, "
                    "? is one)",
                    name.substr(0, kMostNameBytes));
}

// Hosts that nobody restricts are "all", not a list of all.
absl::StatusOr<PackageWanted> WantedOf(const Context& context,
                                       const Scope& scope,
                                       const std::string& filter,
                                       const std::string& name,
                                       absl::Time at) {
  RETURN_IF_ERROR(CheckName(name));
  PackageWanted wanted;
  wanted.name = name;
  if (filter.empty() && scope.all()) {
    return wanted;
  }
  ASSIGN_OR_RETURN(
      const std::vector<HostView> hosts,
      FindHosts(context.store, filter, context.clock.Now(), context.config.heartbeat, at));
  wanted.hosts.emplace();
  for (const HostView& host : hosts) {
    if (scope.Shows(host.record.name)) {
      wanted.hosts->push_back(host.record.name);
    }
  }
  return wanted;
}

using Key = std::tuple<std::string, std::string, std::string>;  // Name, version, architecture.

void AddCounts(const PackageList& list, v1::PackagesResponse* response) {
  std::map<Key, uint32_t> hosts;
  for (const InstalledPackage& one : list.packages) {
    ++hosts[{one.name, one.package.version, one.package.architecture}];
  }
  std::vector<std::pair<Key, uint32_t>> counts(hosts.begin(), hosts.end());
  std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    const std::string& left = std::get<0>(a.first);
    const std::string& right = std::get<0>(b.first);
    return left != right ? left < right : a.second > b.second;
  });
  for (const auto& [key, count] : counts) {
    v1::PackageCount& out = *response->add_counts();
    out.set_name(std::get<0>(key));
    out.set_version(std::get<1>(key));
    out.set_architecture(std::get<2>(key));
    out.set_hosts(count);
  }
}

}  // namespace

absl::Status ListPackages(const Context& context,
                          const Scope& scope,
                          const v1::PackagesRequest& request,
                          v1::PackagesResponse* response) {
  const absl::Time at = UntilFromProto(request.at_us());
  ASSIGN_OR_RETURN(const PackageWanted wanted,
                   WantedOf(context, scope, request.filter(), request.name(), at));
  ASSIGN_OR_RETURN(const PackageList list, context.store.history().Packages(wanted, at));
  const uint32_t most = MostListed(request.most());
  response->set_cut(list.packages.size() > most);
  for (std::size_t i = 0; i < std::min<std::size_t>(list.packages.size(), most); ++i) {
    *response->add_packages() = ToProto(list.packages[i]);
  }
  AddCounts(list, response);
  for (const std::string& host : list.not_known) {
    if (response->not_known_size() == kMostNotKnown) {
      break;
    }
    response->add_not_known(host);
  }
  return absl::OkStatus();
}

absl::Status ListPackageChanges(const Context& context,
                                const Scope& scope,
                                const v1::PackageChangesRequest& request,
                                v1::PackageChangesResponse* response) {
  ASSIGN_OR_RETURN(
      const PackageWanted wanted,
      WantedOf(context, scope, request.filter(), request.name(), absl::InfiniteFuture()));
  const uint32_t most = MostListed(request.most());
  const Window window{
      SinceFromProto(request.since_us()), UntilFromProto(request.until_us()), most + 1};
  ASSIGN_OR_RETURN(const std::vector<PackageChange> changes,
                   context.store.history().PackageChanges(wanted, window));
  response->set_cut(changes.size() > most);
  for (std::size_t i = 0; i < std::min<std::size_t>(changes.size(), most); ++i) {
    *response->add_changes() = ToProto(changes[i]);
  }
  return absl::OkStatus();
}

}  // namespace fettle::server
