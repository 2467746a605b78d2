// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/catalog_at.h"

#include "fettle/v1/report.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"
#include "server/store/sqlite/partitions.h"

namespace fettle::server::sqlite {

absl::StatusOr<Digest> CatalogAt(Database& database, const std::string& host, absl::Time at) {
  Digest catalog;
  RETURN_IF_ERROR(database.Query(
      "SELECT catalog FROM hosts WHERE name = ?",
      [&](const Row& row) { catalog = row.AsDigest(0); },
      host));
  ASSIGN_OR_RETURN(const auto tables, PartitionsSince(database, "runs", absl::InfinitePast(), at));
  bool found = false;
  for (std::size_t i = 0; i < tables.size() && !found; ++i) {
    RETURN_IF_ERROR(database.Query(
        fmt::format("SELECT report FROM {} WHERE host = ? AND started <= ? ORDER BY +started DESC "
                    "LIMIT 50",
                    tables[i]),
        [&](const Row& row) {
          v1::RunReport run;
          if (found || !run.ParseFromString(row.Text(0)) || run.partial()) {
            return;
          }
          if (const auto parsed = wire::FromProto(run); parsed.ok() && !parsed->catalog.empty()) {
            catalog = parsed->catalog;
            found = true;
          }
        },
        host,
        at));
  }
  return catalog;
}

}  // namespace fettle::server::sqlite
