// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "lib/compliance/control.h"
#include "lib/resource/report.h"

namespace fettle::compliance {

// Of a control on a host.
enum class Verdict : uint8_t {
  kCompliant,      // All that fulfils it is as declared.
  kNotCompliant,   // Something that fulfils it is not.
  kWaived,         // Not compliant, and somebody answers for that.
  kNotApplicable,  // Nothing on this host fulfils it.
  kUnknown,        // The host is silent, or has not said how it is.
};

// "compliant", "not compliant", "waived", "not applicable", "unknown".
std::string_view VerdictName(Verdict verdict);

// A resource on a host that is there to fulfil controls.
struct Evidence {
  std::string resource;
  resource::State state = resource::State::kUnknown;
  absl::Time since;  // In this state.
  std::string position;
  // Of one that is not as declared.
  std::vector<resource::DifferenceRecord> differences{};
  std::string error{};
  std::optional<resource::Actor> actor{};
};

// One host, with what is there to fulfil each control.
struct HostEvidence {
  std::string host;
  bool heard = false;  // It is connected, or was heard of lately.
  std::map<std::string, std::vector<Evidence>, std::less<>> by_control;
};

struct Finding {
  Verdict verdict = Verdict::kNotApplicable;
  std::vector<Evidence> evidence;  // What decided: all of it, or what is not as declared.
  const Waiver* waiver = nullptr;  // For kWaived: the one that holds longest. Else one that ended.
};

// How `control` stands on `host` at `now`. `covers` says whether a waiver is for this host; its
// control and its end are checked here. `waivers` must outlive the finding.
Finding Judge(std::string_view control,
              const HostEvidence& host,
              const std::vector<Waiver>& waivers,
              const std::function<bool(const Waiver&)>& covers,
              absl::Time now);

// How many controls stand how.
struct Tally {
  uint32_t compliant = 0;
  uint32_t not_compliant = 0;
  uint32_t waived = 0;
  uint32_t not_applicable = 0;
  uint32_t unknown = 0;

  void Add(Verdict verdict);
  // Compliant or waived, of those that apply; 1 when none does.
  double Score() const;
  bool operator==(const Tally&) const = default;
};

}  // namespace fettle::compliance
