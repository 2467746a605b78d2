// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/compliance/assessor.h"
#include "server/config/report.h"
#include "server/store/store.h"

namespace fettle::server::schedule {

// A report as it is sent.
struct Document {
  std::string summary;    // One line for people.
  std::string text;       // More of them.
  std::string file_name;  // "compliance-2026-11-23.html"
  std::string file_type;  // With its charset.
  std::string content;
};

// Makes reports of what is stored. Safe from any thread.
class Writer {
 public:
  // All must outlive it.
  Writer(Store& store, const Clock& clock, absl::Duration heartbeat, absl::Duration keep_history)
      : store_(store),
        clock_(clock),
        heartbeat_(heartbeat),
        assessor_(store, clock, heartbeat, keep_history) {}

  // The report that is due at `due`; one of drift is about the time from `since` on. Errors of the
  // store; kInvalidArgument: the filter cannot be read; kNotFound: no such framework.
  absl::StatusOr<Document> Write(const ScheduledReport& report, absl::Time since, absl::Time due);

 private:
  absl::StatusOr<Document> WriteCompliance(const ScheduledReport& report);
  absl::StatusOr<Document> WriteDrift(const ScheduledReport& report,
                                      absl::Time since,
                                      absl::Time due);

  Store& store_;
  const Clock& clock_;
  const absl::Duration heartbeat_;
  Assessor assessor_;
};

}  // namespace fettle::server::schedule
