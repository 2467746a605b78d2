// SPDX-License-Identifier: Apache-2.0
#include "server/siem/event.h"

#include <utility>

namespace fettle::server::siem {

int SeverityOf(std::string_view kind) {
  static constexpr std::pair<std::string_view, int> kSeverities[] = {
      {"act", 3},
      {"denied", 7},
      {"run", 1},
      {"change", 3},
      {"drift", 6},
      {"correction", 6},
      {"contended", 8},
      {"reverted", 5},
      {"failure", 7},
      {"refusal", 8},
      {"pause", 5},
      {"silence", 8},
      {"heard", 2},
      {"unreadable", 7},
      {"gap", 9},
  };
  for (const auto& [name, severity] : kSeverities) {
    if (name == kind) {
      return severity;
    }
  }
  return 0;
}

}  // namespace fettle::server::siem
