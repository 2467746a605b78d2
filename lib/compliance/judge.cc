// SPDX-License-Identifier: Apache-2.0
#include "lib/compliance/judge.h"

#include <array>

namespace fettle::compliance {
namespace {

using resource::State;

bool IsAsDeclared(State state) {
  return state == State::kOk || state == State::kChanged;
}

// The one that holds, or, if none does, one that did.
const Waiver* FindWaiver(std::string_view control,
                         const std::vector<Waiver>& waivers,
                         const std::function<bool(const Waiver&)>& covers) {
  const Waiver* best = nullptr;
  for (const Waiver& waiver : waivers) {
    if (waiver.control == control && (best == nullptr || best->until < waiver.until) &&
        covers(waiver)) {
      best = &waiver;
    }
  }
  return best;
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  constexpr std::array<std::string_view, 5> kNames = {
      "compliant", "not compliant", "waived", "not applicable", "unknown"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Finding Judge(std::string_view control,
              const HostEvidence& host,
              const std::vector<Waiver>& waivers,
              const std::function<bool(const Waiver&)>& covers,
              absl::Time now) {
  Finding finding;
  const auto found = host.by_control.find(control);
  if (found == host.by_control.end()) {
    return finding;
  }
  bool unsaid = false;
  for (const Evidence& evidence : found->second) {
    unsaid |= evidence.state == State::kUnknown;
    if (!IsAsDeclared(evidence.state) && evidence.state != State::kUnknown) {
      finding.evidence.push_back(evidence);
    }
  }
  const bool broken = !finding.evidence.empty();
  if (!broken) {
    finding.evidence = found->second;
  }
  if (!host.heard) {
    finding.verdict = Verdict::kUnknown;
  } else if (broken) {
    finding.waiver = FindWaiver(control, waivers, covers);
    const bool waived = finding.waiver != nullptr && now < finding.waiver->until;
    finding.verdict = waived ? Verdict::kWaived : Verdict::kNotCompliant;
  } else {
    finding.verdict = unsaid ? Verdict::kUnknown : Verdict::kCompliant;
  }
  return finding;
}

void Tally::Add(Verdict verdict) {
  switch (verdict) {
    case Verdict::kCompliant:
      ++compliant;
      return;
    case Verdict::kNotCompliant:
      ++not_compliant;
      return;
    case Verdict::kWaived:
      ++waived;
      return;
    case Verdict::kNotApplicable:
      ++not_applicable;
      return;
    case Verdict::kUnknown:
      ++unknown;
      return;
  }
}

double Tally::Score() const {
  const uint32_t apply = compliant + not_compliant + waived + unknown;
  return apply == 0 ? 1.0 : static_cast<double>(compliant + waived) / static_cast<double>(apply);
}

}  // namespace fettle::compliance
