// SPDX-License-Identifier: Apache-2.0
#include "server/notify/notice.h"

namespace fettle::server::notify {

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kDrift:
      return "drift";
    case Kind::kFailure:
      return "failure";
    case Kind::kSilence:
      return "silence";
    case Kind::kContended:
      return "contended";
    case Kind::kReverted:
      return "reverted";
    case Kind::kExpiring:
      return "expiring";
    case Kind::kTest:
      return "test";
  }
  return "test";
}

std::optional<Kind> KindOf(std::string_view name) {
  for (const Kind kind : {Kind::kDrift,
                          Kind::kFailure,
                          Kind::kSilence,
                          Kind::kContended,
                          Kind::kReverted,
                          Kind::kExpiring,
                          Kind::kTest}) {
    if (KindName(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kCritical ? "critical" : "warning";
}

}  // namespace fettle::server::notify
