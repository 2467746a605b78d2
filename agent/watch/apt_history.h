// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fettle::watch {

// A transaction of apt's history.log.
struct AptTransaction {
  // What it made of a package: to which version; "" when it is gone.
  struct Step {
    std::string package;  // "nginx:amd64", as apt writes it.
    std::string version;
    bool operator==(const Step&) const = default;
  };

  // "apt-get remove -y nginx, requested by ann (1000)", secrets replaced; "" where there is no
  // command (a program that uses apt's library).
  std::string command;
  std::vector<Step> steps;
};

// The transactions of a history.log, or of the end of one, the oldest first.
std::vector<AptTransaction> ParseAptHistory(std::string_view history);

}  // namespace fettle::watch
