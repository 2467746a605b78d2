// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/terminal/table.h"
#include "lib/evidence/verify_bundle.h"

// How a bundle that was found good is shown. Nothing here prints.
namespace fettle::cli {

// What it proves, under which head and key, and what it does not prove.
std::string VerifiedText(const evidence::VerifiedBundle& bundle, bool colour);

// Its leaves, in their order.
Table LeavesTable(const evidence::VerifiedBundle& bundle);

// All of it.
nlohmann::ordered_json VerifiedJson(const evidence::VerifiedBundle& bundle);

}  // namespace fettle::cli
