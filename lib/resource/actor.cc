// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/actor.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::resource {

std::string CertaintyName(Actor::Certainty certainty) {
  switch (certainty) {
    case Actor::Certainty::kProbable:
      return "probable";
    case Actor::Certainty::kCertain:
      return "certain";
    case Actor::Certainty::kUnknown:
      break;
  }
  return "unknown";
}

std::string DescribeActor(const Actor& actor) {
  std::string who = !actor.command.empty()      ? actor.command
                    : !actor.executable.empty() ? actor.executable
                    : actor.pid != 0            ? "a process"
                                                : "unknown";
  std::vector<std::string> parts;
  const auto add = [&](std::string_view before, const std::string& text) {
    if (!text.empty()) {
      parts.push_back(fmt::format("{}{}", before, text));
    }
  };
  if (actor.pid != 0) {
    parts.push_back(fmt::format("pid {}", actor.pid));
  }
  add("", actor.user);
  add("login ", actor.login);
  add("", actor.unit);
  add("ssh from ", actor.ssh_source);
  add("transaction: ", actor.transaction);
  add("", actor.note);
  if (actor.certainty == Actor::Certainty::kProbable) {
    who = "probably " + who;
  }
  return parts.empty() ? who : fmt::format("{} ({})", who, fmt::join(parts, ", "));
}

}  // namespace fettle::resource
