// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/clock.h"
#include "lib/policy/revision.h"
#include "lib/policy/tree.h"
#include "server/store/store.h"

namespace fettle::server {

// Decides what becomes a revision. Safe from any thread.
class Publisher {
 public:
  struct Options {
    std::string trusted_keys;     // File of SSH public keys; read at each call.
    bool allow_unsigned = false;  // A revision without a signature is taken.
    // Everything that is wrong with a tree, as kInvalidArgument; OK for a good one.
    std::function<absl::Status(const policy::Tree&)> lint;
  };

  Publisher(PolicyStore& store, const Clock& clock, Options options)
      : store_(store), clock_(clock), options_(std::move(options)) {}

  // Makes a revision of `statement`, whose manifest and blobs must be in the store. Publishing the
  // same statement once more answers the revision that is there.
  //   kInvalidArgument    the statement, the manifest or the tree is wrong, with all problems
  //   kPermissionDenied   unsigned, or signed by a key that may not publish
  //   kDataLoss           the signature does not fit
  //   kFailedPrecondition blobs are missing, the parent is unknown, no key may publish yet
  // `act` tells of a new revision, in the transaction that makes it.
  absl::StatusOr<RevisionRecord> Publish(const std::string& statement,
                                         const std::string& signature,
                                         const std::string& published_by,
                                         const ActOf<RevisionRecord>& act = nullptr);

 private:
  absl::StatusOr<std::string> CheckSignature(const std::string& statement,
                                             const std::string& signature) const;
  absl::Status CheckParent(const policy::Revision& revision);
  absl::Status CheckTree(const policy::Revision& revision);

  PolicyStore& store_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace fettle::server
