// SPDX-License-Identifier: Apache-2.0
#include "modules/cron/crontab.h"

#include <fmt/format.h>

namespace fettle::modules {
namespace {

constexpr std::string_view kMarker = "# fettle: ";

std::string MarkerOf(std::string_view name) {
  return fmt::format("{}{}", kMarker, name);
}

// Takes the first line off `text`, with its line break if it has one.
std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line =
      text->substr(0, end == std::string_view::npos ? text->size() : end + 1);
  text->remove_prefix(line.size());
  return line;
}

std::string_view WithoutBreak(std::string_view line) {
  return line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
}

// Takes the line that belongs to a marker: the next one, unless that is a marker itself or blank.
std::string_view TakeJob(std::string_view* text) {
  std::string_view rest = *text;
  const std::string_view line = WithoutBreak(TakeLine(&rest));
  if (line.empty() || line.starts_with(kMarker)) {
    // Nothing belongs to it; a line break is somebody else's blank line.
    return "";
  }
  *text = rest;
  return line;
}

}  // namespace

std::optional<std::string> FindEntry(std::string_view crontab, std::string_view name, bool* twice) {
  const std::string marker = MarkerOf(name);
  std::optional<std::string> found;
  *twice = false;
  while (!crontab.empty()) {
    if (WithoutBreak(TakeLine(&crontab)) != marker) {
      continue;
    }
    const std::string_view line = TakeJob(&crontab);
    *twice = found.has_value();
    if (!found.has_value()) {
      found = std::string(line);
    } else {
      return found;
    }
  }
  return found;
}

std::string WithEntry(std::string_view crontab, std::string_view name, std::string_view line) {
  const std::string marker = MarkerOf(name);
  const std::string entry = fmt::format("{}\n{}\n", marker, line);
  std::string text;
  bool placed = false;
  while (!crontab.empty()) {
    const std::string_view next = TakeLine(&crontab);
    if (WithoutBreak(next) != marker) {
      text += next;
      continue;
    }
    TakeJob(&crontab);
    text += placed ? "" : entry;
    placed = true;
  }
  if (!placed) {
    // cron passes over a last line that has no line break.
    text += text.empty() || text.ends_with('\n') ? "" : "\n";
    text += entry;
  }
  return text;
}

std::string WithoutEntry(std::string_view crontab, std::string_view name) {
  const std::string marker = MarkerOf(name);
  std::string text;
  while (!crontab.empty()) {
    const std::string_view next = TakeLine(&crontab);
    if (WithoutBreak(next) == marker) {
      TakeJob(&crontab);
    } else {
      text += next;
    }
  }
  return text;
}

}  // namespace fettle::modules
