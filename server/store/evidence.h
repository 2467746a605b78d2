// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/evidence/merkle.h"

// The evidence log: one append-only list of leaves (lib/evidence/leaf.h) with a Merkle tree over
// it. Leaves are written by the other stores, each in the transaction of what it tells of; here
// they are read and proven, and signed heads are kept.
namespace fettle::server {

struct LogLeaf {
  uint64_t number = 0;
  std::string leaf;
  std::string data;  // Of reports: the batch as the host sent it, when it was asked for.
};

// Which leaves to list. Texts are patterns with * and ?; "" for all.
struct LogQuery {
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();  // Not included.
  std::string who;
  std::string act;
  bool reports = false;  // Those of reports too; who is then "host/…", act "reports".
  uint64_t before = 0;   // Numbers below this; 0: all.
  uint32_t most = 200;
};

struct ReportsAround {
  std::optional<LogLeaf> before;
  std::optional<LogLeaf> after;
};

// A head that was signed.
struct HeadRecord {
  uint64_t size = 0;
  absl::Time time;
  std::string note;
};

class EvidenceStore {
 public:
  virtual ~EvidenceStore() = default;

  // Size and root as of now.
  virtual absl::StatusOr<evidence::TreeHead> Head() = 0;

  virtual absl::StatusOr<std::vector<Digest>> Inclusion(uint64_t number, uint64_t size) = 0;
  virtual absl::StatusOr<std::vector<Digest>> Consistency(uint64_t older, uint64_t newer) = 0;
  virtual absl::StatusOr<std::vector<Digest>> HashesOf(
      const std::vector<evidence::Subtree>& subtrees) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<LogLeaf>> List(const LogQuery& query) = 0;
  // Those of [first, end) that are kept, in their order, with data; `each` may end it by an error.
  virtual absl::Status Leaves(uint64_t first,
                              uint64_t end,
                              const std::function<absl::Status(const LogLeaf&)>& each) = 0;
  // kNotFound: no such leaf, or it went with its month of history.
  virtual absl::StatusOr<LogLeaf> Leaf(uint64_t number) = 0;
  // The numbers [first, end) of the leaves with since <= time < until.
  virtual absl::StatusOr<std::pair<uint64_t, uint64_t>> NumbersOf(absl::Time since,
                                                                  absl::Time until) = 0;
  // The same of those alone that concern `host`: its reports, and acts of it or upon it.
  virtual absl::Status LeavesOf(const std::string& host,
                                uint64_t first,
                                uint64_t end,
                                const std::function<absl::Status(const LogLeaf&)>& each) = 0;
  // The newest leaf of reports of `host` before `first`, and the oldest from `end` on, with data.
  virtual absl::StatusOr<ReportsAround> ReportsAroundOf(const std::string& host,
                                                        uint64_t first,
                                                        uint64_t end) = 0;
  // How many of [first, end) are kept.
  virtual absl::StatusOr<uint64_t> Kept(uint64_t first, uint64_t end) = 0;
  // All acts that say a host's key, of one host or, with "", of all; in their order.
  virtual absl::StatusOr<std::vector<LogLeaf>> ReportKeys(const std::string& host) = 0;

  // Keeps a signed head; one of the same size replaces it.
  virtual absl::Status AddHead(const HeadRecord& head) = 0;
  // The newest; kNotFound before the first.
  virtual absl::StatusOr<HeadRecord> NewestHead() = 0;
};

}  // namespace fettle::server
