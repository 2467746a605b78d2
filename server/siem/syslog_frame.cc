// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "server/siem/format.h"

namespace fettle::server::siem {
namespace {

constexpr int kLogAudit = 13;
constexpr std::size_t kMostHostname = 255;

// Of RFC 5424, from 0 to 10 of ours.
int SyslogSeverity(int severity) {
  constexpr int kError = 3;
  constexpr int kWarning = 4;
  constexpr int kNotice = 5;
  constexpr int kInformational = 6;
  return severity >= 8   ? kError
         : severity >= 6 ? kWarning
         : severity == 5 ? kNotice
                         : kInformational;
}

// Printable ASCII without blanks, as a header's fields have to be.
std::string Word(std::string_view text) {
  std::string word;
  for (const char c : text.substr(0, kMostHostname)) {
    word += c > ' ' && c < '\x7F' ? c : '_';
  }
  return word.empty() ? "-" : word;
}

}  // namespace

std::string FormatLine(SiemFormat format, const Event& event, std::string_view server) {
  return format == SiemFormat::kCef ? CefLine(event, server) : JsonLine(event, server);
}

std::string SyslogFrame(const Event& event, std::string_view line, std::string_view server) {
  const std::string message = fmt::format("<{}>1 {} {} fettle-server {} {} - {}",
                                          kLogAudit * 8 + SyslogSeverity(event.severity),
                                          Rfc3339(event.received),
                                          Word(server),
                                          getpid(),
                                          Word(event.kind),
                                          line);
  return fmt::format("{} {}", message.size(), message);
}

}  // namespace fettle::server::siem
