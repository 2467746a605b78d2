// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace spdlog {
class formatter;
}

namespace fettle::log {

// Lines of JSON: an object each with `time` (RFC 3339, UTC), `level` ("debug", "info", "warning",
// "error"), `message`, and `request` when the line belongs to one. ASCII, whatever the message
// holds.
std::unique_ptr<spdlog::formatter> JsonFormatter();

// Lines of text by spdlog's `pattern`, with " (request ID)" at their end when they belong to one.
std::unique_ptr<spdlog::formatter> TextFormatter(const std::string& pattern);

}  // namespace fettle::log
