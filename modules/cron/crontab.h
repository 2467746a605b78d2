// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// Entries of ours among the lines of a user's crontab: a marker line "# fettle: <name>" and the
// line after it. All other lines stay as they are, byte for byte. Pure; included by this folder
// only.
namespace fettle::modules {

// The line after the marker of `name`, without its line break: "" when the marker stands alone;
// nullopt when there is no marker. A second marker of that name makes `twice` true.
std::optional<std::string> FindEntry(std::string_view crontab, std::string_view name, bool* twice);

// `crontab` with exactly one entry `name`, holding `line`: in the place of the first, or at the
// end.
std::string WithEntry(std::string_view crontab, std::string_view name, std::string_view line);

// `crontab` without any entry `name`.
std::string WithoutEntry(std::string_view crontab, std::string_view name);

}  // namespace fettle::modules
