// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fettle::recipe {

// The field that MarkGuards() puts before each guard of a table constructor.
inline constexpr std::string_view kGuardMark = "_guarded";

// `source` with `_guarded = true,` put before every field `only_if =` or `unless =` of a table
// constructor, on the same line. Lua drops a field whose value is nil, so that a guard that came
// out as nil would silently be no guard at all; with the mark it can be told from one that was not
// written.
std::string MarkGuards(std::string_view source);

}  // namespace fettle::recipe
