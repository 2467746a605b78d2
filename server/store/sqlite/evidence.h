// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/store/evidence.h"
#include "server/store/sqlite/connection.h"
#include "server/store/sqlite/readers.h"

namespace fettle::server::sqlite {

// EvidenceStore on SQLite. Safe from any thread.
class SqliteEvidenceStore final : public EvidenceStore {
 public:
  SqliteEvidenceStore(Connection& writer, Readers& reader) : writer_(writer), reader_(reader) {}

  absl::StatusOr<evidence::TreeHead> Head() override;
  absl::StatusOr<std::vector<Digest>> Inclusion(uint64_t number, uint64_t size) override;
  absl::StatusOr<std::vector<Digest>> Consistency(uint64_t older, uint64_t newer) override;
  absl::StatusOr<std::vector<Digest>> HashesOf(
      const std::vector<evidence::Subtree>& subtrees) override;
  absl::StatusOr<std::vector<LogLeaf>> List(const LogQuery& query) override;
  absl::Status Leaves(uint64_t first,
                      uint64_t end,
                      const std::function<absl::Status(const LogLeaf&)>& each) override;
  absl::Status LeavesOf(const std::string& host,
                        uint64_t first,
                        uint64_t end,
                        const std::function<absl::Status(const LogLeaf&)>& each) override;
  absl::StatusOr<ReportsAround> ReportsAroundOf(const std::string& host,
                                                uint64_t first,
                                                uint64_t end) override;
  absl::StatusOr<uint64_t> Kept(uint64_t first, uint64_t end) override;
  absl::StatusOr<LogLeaf> Leaf(uint64_t number) override;
  absl::StatusOr<std::pair<uint64_t, uint64_t>> NumbersOf(absl::Time since,
                                                          absl::Time until) override;
  absl::StatusOr<std::vector<LogLeaf>> ReportKeys(const std::string& host) override;
  absl::Status AddHead(const HeadRecord& head) override;
  absl::StatusOr<HeadRecord> NewestHead() override;

 private:
  Connection& writer_;
  Readers& reader_;
};

}  // namespace fettle::server::sqlite
