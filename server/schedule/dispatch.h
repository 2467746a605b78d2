// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/config/report.h"
#include "server/notify/mail.h"
#include "server/notify/sender.h"
#include "server/schedule/document.h"

namespace fettle::server::schedule {

// By what reports leave. Safe from any thread.
struct Carriers {
  const notify::PostSender& post;
  const notify::MailSender& mail;
};

// Sends a report to who wants it, by webhook or mail. `id` is the same whenever the same report is
// sent. Reads the files that the report names anew each time. An error says where, why, and what to
// do, without secrets.
absl::Status Dispatch(const ScheduledReport& report,
                      const Document& document,
                      const std::string& server,
                      const std::string& id,
                      absl::Time now,
                      const Carriers& carriers,
                      const std::atomic<bool>& cancelled);

// Where a report goes, as it may be shown.
std::string Destination(const ScheduledReport& report);

}  // namespace fettle::server::schedule
