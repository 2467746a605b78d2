// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Where a TCP check connects to. Pure; included by this folder only.
namespace fettle::modules {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

// "db.example.org:5432", "[::1]:22"; false for anything else.
bool ParseEndpoint(std::string_view text, Endpoint* endpoint);

}  // namespace fettle::modules
