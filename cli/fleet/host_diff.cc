// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/host_diff.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "cli/fleet/present.h"

namespace fettle::cli {
namespace {

using Texts = std::map<std::string, std::string>;

Texts StatesOf(const v1::HostDetail& detail) {
  Texts states;
  for (const v1::ResourceState& resource : detail.resources()) {
    std::string text = StateCell(resource.state()).text;
    if (!resource.error().empty()) {
      text += ": " + FirstLine(resource.error());
    }
    states[resource.id()] = std::move(text);
  }
  return states;
}

std::string TextOf(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The facts at the ends of all branches, lists whole.
Texts FactsOf(std::string_view json) {
  Texts facts;
  nlohmann::json root = nlohmann::json::parse(json, nullptr, false);
  std::vector<std::pair<std::string, nlohmann::json>> open;
  if (root.is_object()) {
    open.emplace_back("", std::move(root));
  }
  while (!open.empty()) {
    const auto [name, object] = std::move(open.back());
    open.pop_back();
    for (const auto& member : object.items()) {
      std::string full = name.empty() ? member.key() : name + "." + member.key();
      if (member.value().is_object()) {
        open.emplace_back(std::move(full), member.value());
      } else {
        facts[full] = TextOf(member.value());
      }
    }
  }
  return facts;
}

std::vector<Changed> Diff(const Texts& before, const Texts& after) {
  std::vector<Changed> changes;
  for (const auto& [name, text] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      changes.push_back({name, text, ""});
    } else if (found->second != text) {
      changes.push_back({name, text, found->second});
    }
  }
  for (const auto& [name, text] : after) {
    if (!before.contains(name)) {
      changes.push_back({name, "", text});
    }
  }
  return changes;
}

}  // namespace

std::vector<Changed> DiffStates(const v1::HostDetail& before, const v1::HostDetail& after) {
  return Diff(StatesOf(before), StatesOf(after));
}

std::vector<Changed> DiffFacts(std::string_view before, std::string_view after) {
  return Diff(FactsOf(before), FactsOf(after));
}

}  // namespace fettle::cli
