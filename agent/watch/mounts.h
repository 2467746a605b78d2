// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::watch {

// Where something is mounted, each with what (its mount id), of the text of mountinfo(5).
std::set<std::string> MountPoints(std::string_view mountinfo);

// Whether a mount that is in one set and not in the other covers one of `paths`.
bool MountsConcern(const std::set<std::string>& before,
                   const std::set<std::string>& after,
                   const std::vector<std::string>& paths);

}  // namespace fettle::watch
