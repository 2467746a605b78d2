// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/store/sqlite/connection.h"
#include "server/store/sqlite/readers.h"
#include "server/store/store.h"

namespace fettle::server::sqlite {

// PolicyStore on SQLite. Safe from any thread.
class SqlitePolicyStore final : public PolicyStore {
 public:
  SqlitePolicyStore(Connection& writer, Readers& reader) : writer_(writer), reader_(reader) {}

  absl::StatusOr<std::vector<Digest>> MissingBlobs(std::span<const Digest> digests) override;
  absl::Status PutBlob(const Digest& digest, std::string_view data) override;
  absl::Status PutBlobs(std::span<const Blob> blobs) override;
  absl::StatusOr<std::string> GetBlob(const Digest& digest) override;
  absl::StatusOr<RevisionRecord> AddRevision(RevisionRecord revision,
                                             const ActOf<RevisionRecord>& act) override;
  absl::StatusOr<RevisionRecord> GetRevision(const Digest& id) override;
  absl::StatusOr<RevisionRecord> GetRevisionByNumber(int64_t number) override;
  absl::StatusOr<RevisionRecord> GetRevisionByPrefix(std::string_view hex) override;
  absl::StatusOr<std::vector<RevisionRecord>> ListRevisions(int64_t before, uint32_t most) override;
  absl::Status SetChannel(const ChannelRecord& channel, const AuditEntry& act) override;
  absl::StatusOr<ChannelRecord> GetChannel(const std::string& name) override;
  absl::StatusOr<std::vector<ChannelRecord>> ListChannels() override;

 private:
  Connection& writer_;
  Readers& reader_;
};

}  // namespace fettle::server::sqlite
