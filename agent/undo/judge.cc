// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/judge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

bool Concerns(const Change& change, const std::set<std::string>& only) {
  return only.empty() || std::any_of(change.resources.begin(),
                                     change.resources.end(),
                                     [&](const auto& resource) { return only.contains(resource); });
}

// Of packages that were changed together, those that others of the transaction asked for.
bool OthersPart(const Change& change,
                const ThingBefore& one,
                const std::string& part,
                const std::set<std::string>& only) {
  if (only.empty() || one.thing.kind != Kind::kPackages) {
    return false;
  }
  const std::string id = fmt::format("package:{}", part);
  return !only.contains(id) &&
         std::find(change.resources.begin(), change.resources.end(), id) != change.resources.end();
}

// What an undo that was killed may leave on its way: nothing where a file is of another kind than
// before, and a unit that is no longer masked and not yet enabled.
bool HalfWay(const RunRecord& run, Kind kind, std::string_view now, std::string_view after) {
  if (run.undone.empty()) {
    return false;
  }
  return IsFiles(kind) ? now.empty() : kind == Kind::kUnit && after.empty();
}

// How the parts of one thing stand.
struct Standing {
  std::vector<std::string> due;
  std::string changed_since;  // The first part that is neither as before nor as left.
};

Standing Compare(const RunRecord& run,
                 const Change& change,
                 std::size_t index,
                 const Parts& now,
                 const std::set<std::string>& only) {
  const ThingBefore& one = change.things[index];
  const Parts& after = change.after.has_value() ? (*change.after)[index] : now;
  Standing standing;
  for (const std::string& part : Differing(one.before, after)) {
    if (OthersPart(change, one, part, only)) {
      continue;
    }
    const std::string_view present = PartOf(now, part);
    if (present == PartOf(one.before, part)) {
      continue;
    }
    if (present != PartOf(after, part) &&
        !HalfWay(run, one.thing.kind, present, PartOf(after, part))) {
      standing.changed_since =
          standing.changed_since.empty() ? DescribePart(one.thing, part) : standing.changed_since;
      continue;
    }
    standing.due.push_back(part);
  }
  return standing;
}

void Refuse(Verdict verdict, std::string why, Step* step) {
  if (step->verdict != Verdict::kCannot && step->verdict != Verdict::kChangedSince) {
    step->verdict = verdict;
    step->why = std::move(why);
  }
}

// What is taken away goes first, in the reverse of the order in which it was made.
void Order(std::vector<Wanted>* wanted) {
  std::stable_partition(
      wanted->begin(), wanted->end(), [](const Wanted& one) { return one.removes(); });
  const auto kept = std::find_if(
      wanted->begin(), wanted->end(), [](const Wanted& one) { return !one.removes(); });
  std::reverse(wanted->begin(), kept);
}

absl::Status JudgeThing(const RunRecord& run,
                        std::size_t index,
                        const Present& present,
                        const JudgeOptions& options,
                        Judgement* judgement) {
  const Change& change = run.changes[judgement->step.change];
  const ThingBefore& one = change.things[index];
  if (!one.unkept.empty()) {
    Refuse(Verdict::kCannot, fmt::format("not kept: {}", one.unkept), &judgement->step);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Parts now, present(one.thing));
  const Standing standing = Compare(run, change, index, now, options.only);
  if (!standing.changed_since.empty()) {
    Refuse(Verdict::kChangedSince,
           fmt::format("{} was changed since", standing.changed_since),
           &judgement->step);
    return absl::OkStatus();
  }
  if (standing.due.empty()) {
    return absl::OkStatus();
  }
  if (!change.after.has_value() && judgement->step.why.empty()) {
    judgement->step.why = fmt::format("run {} was interrupted here", run.began.run);
  }
  for (const std::string& part : standing.due) {
    judgement->step.parts.push_back(DescribePart(one.thing, part));
  }
  judgement->wanted.push_back({&one.thing, &one.before, standing.due});
  const std::string why_not = WhyNot(
      judgement->wanted.back(),
      options.host,
      [&](const Digest& digest) { return options.store.Has(digest); },
      options.deadline);
  if (!why_not.empty()) {
    Refuse(Verdict::kCannot, why_not, &judgement->step);
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<Judgement> Judge(const RunRecord& run,
                               std::size_t change_index,
                               const Present& present,
                               const JudgeOptions& options) {
  const Change& change = run.changes[change_index];
  if (!Concerns(change, options.only) || (!change.after.has_value() && run.ended)) {
    return std::nullopt;
  }
  Judgement judgement;
  judgement.step.change = change_index;
  judgement.step.resources = change.resources;
  for (std::size_t i = 0; i < change.things.size(); ++i) {
    const absl::Status status = JudgeThing(run, i, present, options, &judgement);
    if (!status.ok()) {
      Refuse(Verdict::kCannot,
             fmt::format("could not be looked at: {}", Message(status)),
             &judgement.step);
    }
  }
  if (judgement.step.verdict == Verdict::kPutBack && judgement.wanted.empty()) {
    judgement.step.verdict = Verdict::kAlready;
  }
  Order(&judgement.wanted);
  return judgement;
}

}  // namespace fettle::undo
