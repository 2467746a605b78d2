// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/fetch_tree.h"

#include "fettle/v1/policy.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {

absl::StatusOr<policy::Manifest> FetchManifest(const PolicyClient& client,
                                               const v1::Revision& revision) {
  ASSIGN_OR_RETURN(const Digest tree, Digest::FromRaw(revision.tree()));
  ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs({tree}));
  return policy::ParseManifest(blobs.at(tree));
}

}  // namespace fettle::cli
