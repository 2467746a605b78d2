// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/store/sqlite/database.h"
#include "server/store/sqlite/log.h"
#include "server/store/sqlite/partitions.h"
#include "server/store/types.h"

namespace fettle::server::sqlite {

// Turns what hosts report into present states, spans, drift, counts and runs, inside the caller's
// transaction. One connection, one thread at a time.
//
//   run       every resource it lists gets its state; a full run says of the others that they are
//   at rest. A resource
//             that was put right leaves a span of no length (what was off and why) and is ok. Drift
//             (cause kDrift) put right is recorded and closed at once; drift left alone or failed
//             stays open until a run finds it at rest.
//   snapshot  is the whole truth: resources that it does not name are gone, new ones begin.
//   facts, refusal   are kept with the host.
class Ingester {
 public:
  Ingester(Database& database, Partitions& partitions, LogWriter& log, absl::Time now)
      : database_(database), partitions_(partitions), log_(log), now_(now) {}

  // Applies the records of one host above the epoch's acknowledged sequence, and adds a leaf for
  // `reports`, which are what they came as, to the log if there are any; answers the new
  // acknowledged sequence.
  absl::StatusOr<uint64_t> Apply(const std::string& host,
                                 const std::string& epoch,
                                 std::vector<Ingest> records,
                                 const SignedReports& reports);

 private:
  // A row of the table `states`.
  struct Present {
    resource::State state = resource::State::kUnknown;
    absl::Time since;
    std::string record;
    std::string run;
    std::string revision;
  };

  using PresentStates = std::map<std::string, Present>;

  absl::Status Log(const std::string& host,
                   const std::string& epoch,
                   const SignedReports& reports,
                   uint64_t before,
                   uint64_t last);
  absl::Status NoteKey(const std::string& host, const std::string& key);
  absl::Status ApplyRecord(const std::string& host, const Ingest& record);
  absl::Status ApplyRun(const std::string& host, const resource::RunReport& run);
  absl::Status ApplySnapshot(const std::string& host, const Snapshot& snapshot);
  absl::Status ApplyPause(const std::string& host, const PauseReport& pause);
  absl::Status ApplyFacts(const std::string& host, const std::string& json, absl::Time at);
  absl::Status ApplyListed(const std::string& host,
                           const resource::RunReport& run,
                           const resource::ResourceReport& report,
                           PresentStates* states);
  absl::Status Rest(const std::string& host,
                    const std::string& id,
                    const resource::RunReport& run,
                    Present* present);
  absl::Status StoreRun(const std::string& host, const resource::RunReport& run);
  absl::Status StoreState(const std::string& host, const std::string& id, const Present& present);
  absl::Status CloseSpan(const std::string& host,
                         const std::string& id,
                         const Present& present,
                         absl::Time until);
  absl::Status NoteDrift(const std::string& host,
                         const resource::RunReport& run,
                         const resource::ResourceReport& report);
  absl::Status EndDrift(const std::string& host,
                        const std::string& id,
                        absl::Time ended,
                        DriftOutcome outcome);
  absl::StatusOr<PresentStates> LoadStates(const std::string& host);
  // Those that a run can change: what it lists, and, if it is a full one, what is not at rest.
  absl::StatusOr<PresentStates> LoadTouched(const std::string& host,
                                            const resource::RunReport& run);
  static void Read(const Row& row, PresentStates* states);
  // Counts and digest over all rows, if any changed; a run that found everything as it was reads
  // none.
  absl::Status StoreTotals(const std::string& host);

  Database& database_;
  Partitions& partitions_;
  LogWriter& log_;
  absl::Time now_;
  bool changed_ = false;  // A row of `states`, in the record at hand.
};

}  // namespace fettle::server::sqlite
