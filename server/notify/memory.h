// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/notify/hook.h"

namespace fettle::server::notify {

// What outlives the server: of every hook what it knows, and until when drift was seen.
struct Memory {
  absl::Time cursor;
  std::map<std::string, HookMemory, std::less<>> hooks;  // By name.
};

// JSON, for the one file that keeps it. Holds no secret.
std::string EncodeMemory(const Memory& memory);

// kDataLoss for what is none. Notices of a kind that this server does not know are left out.
absl::StatusOr<Memory> DecodeMemory(std::string_view text);

}  // namespace fettle::server::notify
