// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "lib/policy/tree.h"

namespace fettle::compliance {

enum class Severity : uint8_t { kUnknown, kLow, kMedium, kHigh, kCritical };

// "low", …; "" for kUnknown.
std::string_view SeverityName(Severity severity);

// A requirement of a standard, as controls/*.toml describe it. Resources name it by its id.
struct Control {
  std::string id;  // "CIS-5.2.8".
  std::string title;
  std::string description;
  Severity severity = Severity::kUnknown;
  // "PCI-DSS" -> {"2.2.4"}: what it stands for in frameworks.
  std::map<std::string, std::vector<std::string>> frameworks;
  std::string position;  // "controls/cis.toml:3".
  bool operator==(const Control&) const = default;
};

// An exception that somebody answers for, as waivers/*.toml describe it. It is signed as all of its
// revision is.
struct Waiver {
  std::string control;
  std::string hosts;  // A filter (docs/reference/filter.md); "" for all.
  std::string reason;
  std::string approver;
  std::string compensating;  // What is done instead; may be "".
  absl::Time until;          // Not included.
  std::string position;
  bool operator==(const Waiver&) const = default;
};

struct ControlCatalog {
  std::map<std::string, Control, std::less<>> controls;  // By id.
  std::vector<Waiver> waivers;                           // By file, in the order written.
};

// What a tree says of controls, and all that is wrong with it, a line each: "controls/cis.toml:3:1:
// …". What is wrong is left out of `catalog`. A tree without such files has an empty catalog.
struct ParsedControls {
  ControlCatalog catalog;
  std::vector<std::string> problems;
};

// Whether a tree's file is read by ParseControls().
bool IsControlFile(std::string_view path);

ParsedControls ParseControls(const policy::Tree& tree);

}  // namespace fettle::compliance
