// SPDX-License-Identifier: Apache-2.0
#include "server/siem/position.h"

#include <nlohmann/json.hpp>

namespace fettle::server::siem {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

absl::Status Damaged() {
  return absl::DataLossError("it is not what a server wrote");
}

}  // namespace

std::string EncodePositions(const Positions& positions) {
  json outlets = json::object();
  for (const auto& [name, position] : positions) {
    json silent = json::object();
    for (const auto& [host, last_seen] : position.silent) {
      silent[host] = absl::ToUnixMicros(last_seen);
    }
    outlets[name] = {{"next", position.next}, {"silent", std::move(silent)}};
  }
  const json value = {{"version", kVersion}, {"outlets", std::move(outlets)}};
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<Positions> DecodePositions(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("outlets") || !value["outlets"].is_object()) {
    return Damaged();
  }
  Positions positions;
  for (const auto& [name, outlet] : value["outlets"].items()) {
    const bool whole = outlet.is_object() && outlet.contains("next") &&
                       outlet["next"].is_number_unsigned() && outlet.contains("silent") &&
                       outlet["silent"].is_object();
    if (!whole) {
      return Damaged();
    }
    Position& position = positions[name];
    position.next = outlet["next"].get<uint64_t>();
    for (const auto& [host, last_seen] : outlet["silent"].items()) {
      if (!last_seen.is_number_integer()) {
        return Damaged();
      }
      position.silent[host] = absl::FromUnixMicros(last_seen.get<int64_t>());
    }
  }
  return positions;
}

}  // namespace fettle::server::siem
