// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/evidence/bundle.h"
#include "lib/evidence/checkpoint.h"
#include "lib/evidence/leaf.h"
#include "lib/evidence/note.h"

namespace fettle::evidence {

// A leaf of a bundle that was found good.
struct VerifiedLeaf {
  uint64_t number = 0;
  Leaf leaf;
  std::string data;  // See BundleLeaf.
};

// What a good bundle says.
struct VerifiedBundle {
  BundleHeader header;
  Checkpoint checkpoint;
  NoteKey key;
  std::vector<VerifiedLeaf> leaves;  // Those of the range that are shown, in their order.
  std::map<std::string, std::string> host_keys;  // 32 bytes, by host, as of the end.
  uint64_t signed_reports = 0;
  uint64_t unsigned_reports = 0;    // Of hosts that did not sign yet.
  uint64_t without_content = 0;     // Of either, those whose batch the server had dropped.
  std::vector<std::string> limits;  // What it does not prove, for people.
};

// Checks everything that a bundle can prove, with nothing but itself and `key` (without one, the
// key that it brings along; a limit says so): that it is whole and unaltered, that its leaves are
// in the log of the signed head at their numbers, that the range that it claims is complete, that
// every batch is the one that its host signed, with the key that the log has for the host, and that
// no batch between two others of a host was left out.
// kInvalidArgument: it is damaged; kPermissionDenied: it does not hold, and why.
absl::StatusOr<VerifiedBundle> VerifyBundle(std::string_view text,
                                            const std::optional<NoteKey>& key);

}  // namespace fettle::evidence
