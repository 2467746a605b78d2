// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/link/events.h"
#include "agent/revision/blob_store.h"
#include "lib/digest/digest.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"
#include "lib/policy/tree.h"

namespace fettle::agent {

// The revisions of this host, in its state folder: which one it enforces, and the blobs of that one
// and of those before it. The last good revision stays until a better one was found good. One
// thread, but for blobs().
class RevisionStore {
 public:
  // How many revisions' blobs are kept, so that going back needs no network.
  static constexpr std::size_t kKept = 3;

  // Reads what is there. A damaged record of the present revision is as none, said in
  // TakeMessages(): the server will assign one again.
  static absl::StatusOr<std::unique_ptr<RevisionStore>> Open(const std::string& directory,
                                                             const std::string& trusted_keys);

  // The last good one, nullopt before the first.
  const std::optional<link::Assignment>& current() const { return current_; }

  // Whether to believe `assignment`: its statement is that of its id and one of the keys in the
  // trusted_keys file, as it is now, signed it. The code of an error is policy::VerifyRevision's
  // (kFailedPrecondition: no key is trusted here); the message is for people and says what to do.
  absl::StatusOr<policy::VerifiedRevision> Verify(const link::Assignment& assignment) const;

  // What must be fetched before Assemble(tree) can work: the manifest alone, if that is missing;
  // none: complete. kInvalidArgument when the manifest is none.
  absl::StatusOr<std::vector<Digest>> Missing(const Digest& tree) const;

  // The tree. kNotFound when a blob is missing, or was damaged: then Missing() lists it.
  absl::StatusOr<policy::Tree> Assemble(const Digest& tree) const;

  // From now on `assignment`, whose tree is complete, is the one to enforce; durable when this
  // returns. Blobs that none of the last kKept revisions need are removed.
  absl::Status Adopt(const link::Assignment& assignment, const Digest& tree);

  BlobStore& blobs() { return blobs_; }

  std::vector<std::string> TakeMessages() { return std::exchange(messages_, {}); }

 private:
  RevisionStore(std::string directory, std::string trusted_keys)
      : directory_(std::move(directory)),
        trusted_keys_(std::move(trusted_keys)),
        blobs_(directory_ + "/blobs") {}

  std::string RecordPath() const { return directory_ + "/revision"; }

  absl::Status Load();
  absl::Status Save() const;
  absl::Status Prune();
  absl::StatusOr<policy::Manifest> ReadManifest(const Digest& tree) const;

  const std::string directory_;
  const std::string trusted_keys_;
  BlobStore blobs_;
  std::optional<link::Assignment> current_;
  std::vector<Digest> trees_;  // Newest first.
  std::vector<std::string> messages_;
};

}  // namespace fettle::agent
