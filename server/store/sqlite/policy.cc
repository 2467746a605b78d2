// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/policy.h"

#include <limits>

#include "server/store/sqlite/log.h"

namespace fettle::server::sqlite {
namespace {

constexpr char kRevisionColumns[] =
    "SELECT number, id, statement, signature, signed_by, published, published_by FROM revisions ";
constexpr char kChannelColumns[] =
    "SELECT c.name, c.revision_id, coalesce(r.number, 0), c.changed, c.changed_by FROM channels c "
    "LEFT JOIN revisions r ON r.id = c.revision_id ";

RevisionRecord ReadRevision(const Row& row) {
  RevisionRecord revision;
  revision.number = row.Integer(0);
  revision.id = row.AsDigest(1);
  revision.statement = row.Text(2);
  revision.signature = row.Text(3);
  revision.signed_by = row.Text(4);
  revision.published = row.Time(5);
  revision.published_by = row.Text(6);
  return revision;
}

ChannelRecord ReadChannel(const Row& row) {
  return {row.Text(0), row.AsDigest(1), row.Integer(2), row.Time(3), row.Text(4)};
}

// The one revision that `where` finds.
template <typename Arg>
absl::StatusOr<std::vector<RevisionRecord>> FindRevisions(Readers& reader,
                                                          const std::string& where,
                                                          const Arg& arg) {
  std::vector<RevisionRecord> found;
  RETURN_IF_ERROR(reader.With([&](Database& database) {
    return database.Query(
        kRevisionColumns + where, [&](const Row& row) { found.push_back(ReadRevision(row)); }, arg);
  }));
  return found;
}

}  // namespace

absl::StatusOr<std::vector<Digest>> SqlitePolicyStore::MissingBlobs(
    std::span<const Digest> digests) {
  std::vector<Digest> missing;
  RETURN_IF_ERROR(reader_.With([&](Database& database) -> absl::Status {
    for (const Digest& digest : digests) {
      bool there = false;
      RETURN_IF_ERROR(database.Query(
          "SELECT 1 FROM blobs WHERE digest = ?", [&](const Row&) { there = true; }, digest));
      if (!there) {
        missing.push_back(digest);
      }
    }
    return absl::OkStatus();
  }));
  return missing;
}

absl::Status SqlitePolicyStore::PutBlob(const Digest& digest, std::string_view data) {
  return writer_.With([&](Database& database) {
    return database.Run("INSERT OR IGNORE INTO blobs(digest, data) VALUES(?, ?)", digest, data);
  });
}

absl::Status SqlitePolicyStore::PutBlobs(std::span<const Blob> blobs) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    for (const Blob& blob : blobs) {
      RETURN_IF_ERROR(database.Run(
          "INSERT OR IGNORE INTO blobs(digest, data) VALUES(?, ?)", blob.digest, blob.data));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> SqlitePolicyStore::GetBlob(const Digest& digest) {
  bool there = false;
  std::string data;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        "SELECT data FROM blobs WHERE digest = ?",
        [&](const Row& row) {
          there = true;
          data = row.Text(0);
        },
        digest);
  }));
  if (!there) {
    return NotFound("blob {} is not in the store", digest.Hex());
  }
  if (Sha256(data) != digest) {
    RETURN_IF_ERROR(writer_.With([&](Database& database) {
      return database.Run("DELETE FROM blobs WHERE digest = ?", digest);
    }));
    return absl::DataLossError(
        fmt::format("blob {} was damaged in the store and is thrown away; publish its revision "
                    "again to bring it "
                    "back",
                    digest.Hex()));
  }
  return data;
}

absl::StatusOr<RevisionRecord> SqlitePolicyStore::AddRevision(RevisionRecord revision,
                                                              const ActOf<RevisionRecord>& act) {
  RETURN_IF_ERROR(writer_.Transaction([&](Database& database) -> absl::Status {
    int64_t present = 0;
    RETURN_IF_ERROR(database.Query(
        "SELECT number FROM revisions WHERE id = ?",
        [&](const Row& row) { present = row.Integer(0); },
        revision.id));
    if (present != 0) {
      return absl::AlreadyExistsError(
          fmt::format("this revision is there already, as r{}", present));
    }
    RETURN_IF_ERROR(database.Run(
        "INSERT INTO revisions(id, hex, statement, signature, signed_by, published, published_by) "
        "VALUES(?, ?, ?, ?, ?, ?, ?)",
        revision.id,
        revision.id.Hex(),
        revision.statement,
        revision.signature,
        revision.signed_by,
        revision.published,
        revision.published_by));
    RETURN_IF_ERROR(database.Query("SELECT last_insert_rowid()",
                                   [&](const Row& row) { revision.number = row.Integer(0); }));
    return act ? WriteAct(database, act(revision), revision.published) : absl::OkStatus();
  }));
  return revision;
}

absl::StatusOr<RevisionRecord> SqlitePolicyStore::GetRevision(const Digest& id) {
  ASSIGN_OR_RETURN(auto found, FindRevisions(reader_, "WHERE id = ?", id));
  if (found.empty()) {
    return NotFound("there is no revision {}", id.Hex());
  }
  return found.front();
}

absl::StatusOr<RevisionRecord> SqlitePolicyStore::GetRevisionByNumber(int64_t number) {
  ASSIGN_OR_RETURN(auto found, FindRevisions(reader_, "WHERE number = ?", number));
  if (found.empty()) {
    return NotFound("there is no revision r{}", number);
  }
  return found.front();
}

absl::StatusOr<RevisionRecord> SqlitePolicyStore::GetRevisionByPrefix(std::string_view hex) {
  if (hex.empty() || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return InvalidArgument("\"{}\" is not the beginning of a digest (0-9, a-f)", hex);
  }
  const std::string pattern = fmt::format("{}*", hex);
  ASSIGN_OR_RETURN(auto found, FindRevisions(reader_, "WHERE hex GLOB ? LIMIT 2", pattern));
  if (found.empty()) {
    return NotFound("there is no revision whose digest begins with {}", hex);
  }
  if (found.size() > 1) {
    return InvalidArgument("several revisions begin with {}: give more digits", hex);
  }
  return found.front();
}

absl::StatusOr<std::vector<RevisionRecord>> SqlitePolicyStore::ListRevisions(int64_t before,
                                                                             uint32_t most) {
  const int64_t below = before == 0 ? std::numeric_limits<int64_t>::max() : before;
  return FindRevisions(
      reader_, fmt::format("WHERE number < ? ORDER BY number DESC LIMIT {}", most), below);
}

absl::Status SqlitePolicyStore::SetChannel(const ChannelRecord& channel, const AuditEntry& act) {
  return writer_.Transaction([&](Database& database) -> absl::Status {
    RETURN_IF_ERROR(database.Run(
        "INSERT INTO channels(name, revision_id, changed, changed_by) VALUES(?, ?, ?, ?) ON "
        "CONFLICT(name) DO UPDATE "
        "SET revision_id = excluded.revision_id, changed = excluded.changed, changed_by = "
        "excluded.changed_by",
        channel.name,
        channel.revision_id,
        channel.changed,
        channel.changed_by));
    return WriteAct(database, act, act.time);
  });
}

absl::StatusOr<ChannelRecord> SqlitePolicyStore::GetChannel(const std::string& name) {
  std::vector<ChannelRecord> found;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(
        std::string(kChannelColumns) + "WHERE c.name = ?",
        [&](const Row& row) { found.push_back(ReadChannel(row)); },
        name);
  }));
  if (found.empty()) {
    return NotFound("there is no channel \"{}\"", name);
  }
  return found.front();
}

absl::StatusOr<std::vector<ChannelRecord>> SqlitePolicyStore::ListChannels() {
  std::vector<ChannelRecord> all;
  RETURN_IF_ERROR(reader_.With([&](Database& database) {
    return database.Query(std::string(kChannelColumns) + "ORDER BY c.name",
                          [&](const Row& row) { all.push_back(ReadChannel(row)); });
  }));
  return all;
}

}  // namespace fettle::server::sqlite
