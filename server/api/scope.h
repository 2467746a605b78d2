// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/api/access.h"

namespace fettle::server {

// The hosts that somebody may see, as of now. A value.
class Scope {
 public:
  // kFailedPrecondition: the filter that the viewer was given no longer holds.
  static absl::StatusOr<Scope> Of(const Context& context, const Viewer& viewer);

  bool all() const { return all_; }

  bool Shows(const std::string& host) const { return all_ || hosts_.contains(host); }

  // kNotFound for a host that is not shown, as for one that is not there.
  absl::Status Check(const std::string& host) const;

 private:
  bool all_ = true;
  std::set<std::string> hosts_;
};

// For what shows the whole fleet and cannot show less: kPermissionDenied for who may see a part.
absl::Status CheckSeesAll(const Viewer& viewer, std::string_view what);

}  // namespace fettle::server
