// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// When an account expires, as recipes and as shadow(5) say it. Pure; included by this folder only.
namespace fettle::modules {

// "2027-01-31" as days since 1970-01-01, "never" as -1; false for anything else.
bool ParseExpiry(std::string_view text, int64_t* day);

// The inverse.
std::string FormatExpiry(int64_t day);

}  // namespace fettle::modules
