// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fettle {

// `count` bytes from the kernel's random number generator. Never fails (aborts if the kernel has
// none).
std::string RandomBytes(std::size_t count);

// A new id for a run, a token, a spool record: 26 characters of Crockford base 32, of which the
// first ten are the time in milliseconds, so that ids sort by time (the public ULID format). Unique
// across hosts by 80 random bits.
std::string NewId();

// Lower-case hexadecimal of `bytes`, two characters a byte.
std::string HexEncode(std::string_view bytes);

// The bytes of a hexadecimal text of either case; false if it is not one.
bool HexDecode(std::string_view text, std::string* bytes);

}  // namespace fettle
