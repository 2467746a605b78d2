// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/plan_gate.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/recording_reader.h"

namespace fettle::plans {
namespace {

constexpr std::string_view kRefused = "refused: world changed since plan: ";

std::string Refusal(std::string_view why) {
  return fmt::format("{}{}; plan again", kRefused, why);
}

// "content of /etc/motd, file /etc/motd": the questions whose answers are others now.
std::string Compare(const std::vector<sys::Observation>& then,
                    const std::vector<sys::Observation>& now) {
  std::string text;
  const auto add = [&text](const std::string& question) {
    text += text.empty() ? "" : ", ";
    text += question;
  };
  for (const sys::Observation& one : then) {
    const auto same = [&one](const sys::Observation& other) {
      return other.question == one.question;
    };
    const auto at = std::find_if(now.begin(), now.end(), same);
    // A question that is not asked any more follows from another answer that changed.
    if (at != now.end() && at->answer != one.answer) {
      add(one.question);
    }
  }
  if (text.empty() && then != now) {
    return "what is asked about it";
  }
  return text;
}

}  // namespace

std::optional<std::string> PlanGate::Changed(const engine::Item& item,
                                             const PlanStep& step,
                                             engine::Look* look,
                                             Deadline deadline) const {
  sys::RecordingReader recorder(host_);
  engine::Look now;
  engine::Inspect(item, recorder, deadline, &now);
  const std::string changed = Compare(step.seen, recorder.Take());
  if (!changed.empty()) {
    return changed;
  }
  if (look != nullptr) {
    *look = std::move(now);
  }
  return std::nullopt;
}

void PlanGate::LookBefore(const engine::Prepared& prepared, Deadline deadline) {
  host_.ForgetSnapshots();
  for (const PlanStep& step : plan_.steps) {
    const std::optional<std::size_t> index = prepared.Find(step.id);
    if (!index.has_value()) {
      continue;
    }
    const auto changed = Changed(prepared.items()[*index], step, nullptr, deadline);
    if (changed.has_value()) {
      changed_before_[step.id] = *changed;
    }
  }
}

std::optional<std::string> PlanGate::Refuses(const engine::Item& item,
                                             bool touched,
                                             engine::Look* look,
                                             Deadline deadline) {
  const PlanStep* step = plan_.Find(item.id);
  if (step == nullptr || step->sets.empty()) {
    return Refusal("it was as declared then, and is not in the plan");
  }
  if (const auto at = changed_before_.find(item.id); at != changed_before_.end()) {
    return Refusal(at->second);
  }
  host_.ForgetSnapshots();
  if (touched) {
    engine::Inspect(item, host_, deadline, look);
  } else if (const auto changed = Changed(item, *step, look, deadline); changed.has_value()) {
    return Refusal(*changed);
  }
  if (!look->status.ok()) {
    return Refusal(fmt::format("it cannot be looked at: {}", Message(look->status)));
  }
  for (const resource::Difference& one : look->drift) {
    const std::pair<std::string, Digest> set(one.attribute, ValueDigest(one.desired));
    if (std::find(step->sets.begin(), step->sets.end(), set) == step->sets.end()) {
      return Refusal(fmt::format("the plan does not set its {}", one.attribute));
    }
  }
  return std::nullopt;
}

std::optional<std::string> PlanGate::RefusesRefresh(const engine::Item& item) {
  const PlanStep* step = plan_.Find(item.id);
  if (step == nullptr || !step->refreshed) {
    return "not in the plan";
  }
  return std::nullopt;
}

}  // namespace fettle::plans
