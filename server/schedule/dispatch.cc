// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/dispatch.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "server/notify/delivery.h"

namespace fettle::server::schedule {
namespace {

std::string Body(const ScheduledReport& report,
                 const Document& document,
                 const std::string& server,
                 const std::string& id,
                 absl::Time now) {
  const nlohmann::json body = {{"version", 1},
                               {"id", id},
                               {"server", server},
                               {"report", report.name},
                               {"kind", ReportKindName(report.kind)},
                               {"time", Rfc3339(now)},
                               {"summary", document.summary},
                               {"text", document.text},
                               {"file_name", document.file_name},
                               {"file_type", document.file_type},
                               {"file", document.content}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Words of ours and of the configuration alone, and ASCII.
std::string Subject(const ScheduledReport& report, const std::string& server) {
  return fmt::format("Fettle {}: {} of {}", server, report.name, ReportKindName(report.kind));
}

}  // namespace

absl::Status Dispatch(const ScheduledReport& report,
                      const Document& document,
                      const std::string& server,
                      const std::string& id,
                      absl::Time now,
                      const Carriers& carriers,
                      const std::atomic<bool>& cancelled) {
  if (report.smtp.empty()) {
    return notify::Deliver(
               report.hook, {Body(report, document, server, id, now)}, carriers.post, cancelled)
        .status;
  }
  notify::Mail mail;
  mail.from = report.from;
  mail.to = report.to;
  mail.subject = Subject(report, server);
  mail.id = fmt::format("{}@{}", id, server);
  mail.date = now;
  mail.text = document.text;
  mail.file_name = document.file_name;
  mail.file_type = document.file_type;
  mail.file = document.content;
  std::string password;
  if (!report.password_file.empty()) {
    ASSIGN_OR_RETURN(password, notify::ReadSecret(report.password_file, "password_file"));
  }
  return carriers.mail.Send(
      mail, {report.smtp, report.user, password, report.ca_file, report.timeout}, cancelled);
}

std::string Destination(const ScheduledReport& report) {
  if (!report.smtp.empty()) {
    return fmt::format("{} by {}", fmt::join(report.to, ", "), notify::ShownUrl(report.smtp));
  }
  return report.hook.url_file.empty() ? notify::ShownUrl(report.hook.url)
                                      : "the address in " + report.hook.url_file;
}

}  // namespace fettle::server::schedule
