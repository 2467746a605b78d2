// SPDX-License-Identifier: Apache-2.0
#include "server/api/scope.h"

#include "lib/base/status_macros.h"
#include "server/fleet/host_view.h"

namespace fettle::server {

absl::StatusOr<Scope> Scope::Of(const Context& context, const Viewer& viewer) {
  Scope scope;
  scope.all_ = viewer.filter.empty();
  if (scope.all_) {
    return scope;
  }
  const auto hosts =
      FindHosts(context.store, viewer.filter, context.clock.Now(), context.config.heartbeat);
  if (!hosts.ok()) {
    return FailedPrecondition(
        "{} may see the hosts \"{}\", and that is no filter any more: {}; an "
        "admin makes a new token: fettle enroll token --user --name … --filter",
        viewer.who,
        viewer.filter,
        Message(hosts.status()));
  }
  for (const HostView& host : *hosts) {
    scope.hosts_.insert(host.record.name);
  }
  return scope;
}

absl::Status Scope::Check(const std::string& host) const {
  return Shows(host) ? absl::OkStatus()
                     : NotFound("there is no host \"{}\" among those that you may see", host);
}

absl::Status CheckSeesAll(const Viewer& viewer, std::string_view what) {
  return viewer.filter.empty()
             ? absl::OkStatus()
             : PermissionDenied("{} may see the hosts \"{}\" alone, and {} is of all",
                                viewer.who,
                                viewer.filter,
                                what);
}

}  // namespace fettle::server
