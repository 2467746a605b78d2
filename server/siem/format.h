// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "server/config/siem.h"
#include "server/siem/event.h"

// How an event is written. Pure. Whatever hosts and people say in one, the answer is one line of
// printable ASCII (JSON) or UTF-8 without control characters (CEF), without its end.
namespace fettle::server::siem {

// No event becomes longer: texts are cut, and then differences left out, until it fits.
inline constexpr std::size_t kMostLine = 8192;

// An object of JSON, fields in the order of their names. `server` is what the server is called.
std::string JsonLine(const Event& event, std::string_view server);

// ArcSight's Common Event Format, version 0.
std::string CefLine(const Event& event, std::string_view server);

std::string FormatLine(SiemFormat format, const Event& event, std::string_view server);

// A message of RFC 5424 (facility 13, "log audit"; its MSGID is the event's kind) with its octets
// counted before it, as RFC 5425 wants.
std::string SyslogFrame(const Event& event, std::string_view line, std::string_view server);

}  // namespace fettle::server::siem
