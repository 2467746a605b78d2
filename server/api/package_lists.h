// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

#include "fettle/v1/history.pb.h"
#include "server/api/context.h"
#include "server/api/scope.h"

// Installed packages, as history.proto answers: of the hosts that fit the filter and that `scope`
// shows. kInvalidArgument for a bad filter, for a name that is none, and for more than can be
// answered at once.
namespace fettle::server {

absl::Status ListPackages(const Context& context,
                          const Scope& scope,
                          const v1::PackagesRequest& request,
                          v1::PackagesResponse* response);

absl::Status ListPackageChanges(const Context& context,
                                const Scope& scope,
                                const v1::PackageChangesRequest& request,
                                v1::PackageChangesResponse* response);

}  // namespace fettle::server
