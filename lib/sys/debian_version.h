// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace fettle::sys {

// -1, 0 or 1 as `a` is older than, the same as or newer than `b` in Debian's order of versions
// (deb-version(7)): epochs, "~" before everything, also before the end. Any text has a place in it;
// an epoch that is no number counts as 0.
int CompareDebianVersions(std::string_view a, std::string_view b);

}  // namespace fettle::sys
