// SPDX-License-Identifier: Apache-2.0
#include "server/report_command.h"

#include <atomic>
#include <cstdio>

#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/named.h"
#include "server/schedule/dispatch.h"
#include "server/schedule/document.h"
#include "server/schedule/times.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {

absl::Status TestReport(const Config& config, const std::string& name) {
  ASSIGN_OR_RETURN(const ScheduledReport report, FindNamed(config.reports, "report", name));
  const SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   sqlite::OpenStore(config.DatabasePath(), clock, config.keep_history));
  schedule::Writer writer(*store, clock, config.heartbeat, config.keep_history);
  const absl::Time now = clock.Now();
  ASSIGN_OR_RETURN(const schedule::Document document,
                   writer.Write(report, schedule::LastDue(report.times, now), now));
  const notify::CurlSender post;
  const notify::CurlMailSender mail;
  const std::atomic<bool> cancelled = false;
  RETURN_IF_ERROR(Annotate(schedule::Dispatch(report,
                                              document,
                                              config.names.front(),
                                              fmt::format("{}.test-{}", name, NewId()),
                                              now,
                                              {post, mail},
                                              cancelled),
                           "report " + name));
  fmt::print("{}: taken by {}: {}\n", name, schedule::Destination(report), document.summary);
  return absl::OkStatus();
}

absl::Status ListReports(const Config& config) {
  const absl::Time now = SystemClock().Now();
  for (const ScheduledReport& report : config.reports) {
    fmt::print("{}  {}  {}  every {}, last due {}  {}\n",
               report.name,
               ReportKindName(report.kind),
               ReportFormatName(report.format),
               ReportEveryName(report.times.every),
               Rfc3339(schedule::LastDue(report.times, now)),
               schedule::Destination(report));
  }
  return absl::OkStatus();
}

}  // namespace fettle::server
