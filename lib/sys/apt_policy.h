// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::sys {

// What apt knows of one package.
struct AptPolicy {
  std::string candidate;              // "" when there is none.
  std::vector<std::string> versions;  // That can be installed from somewhere, newest first.
};

// The output of `apt-cache policy name…` in the C locale, by package. Packages that apt does not
// know do not occur in it. A version that only the database of installed packages has can not be
// installed and is left out.
std::map<std::string, AptPolicy> ParseAptPolicy(std::string_view output);

}  // namespace fettle::sys
