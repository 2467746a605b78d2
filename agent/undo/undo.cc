// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/undo.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "agent/undo/judge.h"
#include "agent/undo/look.h"
#include "agent/undo/recorder.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

// The host as it will be when the steps planned so far are done.
class Foreseen {
 public:
  Foreseen(const sys::HostReader& host, Deadline deadline) : host_(host), deadline_(deadline) {}

  absl::StatusOr<Parts> Present(const Thing& thing) {
    const auto key = std::pair(thing.kind, thing.name);
    if (const auto found = things_.find(key); found != things_.end()) {
      return found->second;
    }
    ASSIGN_OR_RETURN(Parts parts, Look(thing, host_, deadline_, nullptr));
    if (thing.kind == Kind::kGroup) {
      for (const auto& [user, groups] : users_) {
        SetMember(thing.name, user, groups, &parts);
      }
    }
    things_[key] = parts;
    return parts;
  }

  void PutBack(const Wanted& wanted) {
    Parts& parts = things_[{wanted.thing->kind, wanted.thing->name}];
    for (const std::string& part : wanted.parts) {
      const std::string_view before = PartOf(*wanted.before, part);
      if (before.empty()) {
        parts.erase(part);
      } else {
        parts[part] = std::string(before);
      }
    }
    if (wanted.thing->kind == Kind::kUser) {
      PutBackMember(wanted.thing->name, DecodeNames(PartOf(parts, "groups")));
    }
  }

 private:
  static void SetMember(const std::string& group,
                        const std::string& user,
                        const std::vector<std::string>& groups,
                        Parts* parts) {
    const auto found = parts->find("members");
    if (found == parts->end()) {
      return;
    }
    std::vector<std::string> members = DecodeNames(found->second);
    std::erase(members, user);
    if (std::find(groups.begin(), groups.end(), group) != groups.end()) {
      members.insert(std::lower_bound(members.begin(), members.end(), user), user);
    }
    found->second = EncodeNames(members);
  }

  void PutBackMember(const std::string& user, const std::vector<std::string>& groups) {
    users_[user] = groups;
    for (auto& [key, parts] : things_) {
      if (key.first == Kind::kGroup) {
        SetMember(key.second, user, groups, &parts);
      }
    }
  }

  const sys::HostReader& host_;
  const Deadline deadline_;
  std::map<std::pair<Kind, std::string>, Parts> things_;
  std::map<std::string, std::vector<std::string>> users_;  // Put back, with their groups.
};

std::string Names(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

bool IsUnitFile(const Thing& thing) {
  return IsFiles(thing.kind) && (thing.name.starts_with("/etc/systemd/system") ||
                                 thing.name.starts_with("/run/systemd/system") ||
                                 thing.name.find("lib/systemd/system") != std::string::npos);
}

// One undoing of a run.
class Undoing {
 public:
  Undoing(Store& store, RunRecord run, sys::Host& host, const UndoOptions& options, absl::Time now)
      : store_(store),
        run_(std::move(run)),
        host_(host),
        options_(options),
        recorder_(store, host, {options.by, options.reason, run_.began.revision, now}) {}

  Undone Do();

  absl::Status End(absl::Time now) { return recorder_.End(now); }

  const RunRecord& run() const { return run_; }

 private:
  // A change that starts a unit again is put off to `starts`, if it is given.
  void UndoChange(std::size_t index, std::vector<std::size_t>* starts);
  absl::Status PutAllBack(const Judgement& judgement);
  absl::Status CheckBack(const Judgement& judgement);
  void TellAgain();
  absl::Status TellUnit(const Told& told);
  void Say(const Step& step, const absl::Status& status);

  Store& store_;
  const RunRecord run_;
  sys::Host& host_;
  const UndoOptions& options_;
  Recorder recorder_;
  Undone undone_;
  std::set<std::string> back_;   // Resources that are as before.
  std::set<std::string> moved_;  // Units that were started or stopped.
};

// Whether putting back starts a unit, which is to find all that it reads as it was.
bool Starts(const Judgement& judgement) {
  return std::any_of(judgement.wanted.begin(), judgement.wanted.end(), [](const Wanted& wanted) {
    return wanted.thing->kind == Kind::kUnit && PartOf(*wanted.before, "active") == "yes" &&
           std::find(wanted.parts.begin(), wanted.parts.end(), "active") != wanted.parts.end();
  });
}

Undone Undoing::Do() {
  std::vector<std::size_t> starts;
  for (std::size_t i = run_.changes.size(); i > 0; --i) {
    UndoChange(i - 1, &starts);
  }
  for (const std::size_t index : starts) {
    UndoChange(index, nullptr);
  }
  TellAgain();
  undone_.by = options_.by;
  undone_.reason = options_.reason;
  undone_.complete =
      options_.only.empty() && std::all_of(undone_.outcomes.begin(),
                                           undone_.outcomes.end(),
                                           [](const auto& outcome) { return outcome.put_back; });
  return undone_;
}

void Undoing::UndoChange(std::size_t index, std::vector<std::size_t>* starts) {
  host_.ForgetSnapshots();
  const Present present = [this](const Thing& thing) {
    return Look(thing, host_, options_.deadline, nullptr);
  };
  const std::optional<Judgement> judgement =
      Judge(run_, index, present, {store_, host_, options_.only, options_.deadline});
  if (!judgement.has_value()) {
    return;
  }
  const Step& step = judgement->step;
  if (step.verdict == Verdict::kPutBack && starts != nullptr && Starts(*judgement)) {
    starts->push_back(index);
  } else if (step.verdict == Verdict::kPutBack) {
    Say(step, PutAllBack(*judgement));
  } else if (step.verdict == Verdict::kAlready) {
    Say(step, absl::OkStatus());
  } else {
    Say(step, FailedPrecondition("{}", step.why));
  }
}

absl::Status Undoing::PutAllBack(const Judgement& judgement) {
  const Change& change = run_.changes[judgement.step.change];
  Subject subject{change.resources, {}};
  for (const ThingBefore& one : change.things) {
    subject.things.push_back(one.thing);
  }
  RETURN_IF_ERROR(recorder_.Ready(subject, options_.deadline));
  absl::Status status;
  for (const Wanted& wanted : judgement.wanted) {
    status = PutBack(
        wanted,
        host_,
        [this](const Digest& digest) { return store_.Content(digest); },
        options_.deadline);
    if (!status.ok()) {
      break;
    }
    const auto& parts = wanted.parts;
    if (wanted.thing->kind == Kind::kUnit &&
        std::find(parts.begin(), parts.end(), "active") != parts.end()) {
      moved_.insert(wanted.thing->name);
    }
    if (IsUnitFile(*wanted.thing)) {
      status = host_.write_units().ReloadManager(options_.deadline);
    }
  }
  recorder_.After(subject, options_.deadline);
  return status.ok() ? CheckBack(judgement) : status;
}

// Proven, not assumed.
absl::Status Undoing::CheckBack(const Judgement& judgement) {
  host_.ForgetSnapshots();
  for (const Wanted& wanted : judgement.wanted) {
    ASSIGN_OR_RETURN(const Parts now, Look(*wanted.thing, host_, options_.deadline, nullptr));
    for (const std::string& part : wanted.parts) {
      if (PartOf(now, part) != PartOf(*wanted.before, part)) {
        return FailedPrecondition("{} did not come back to what it was",
                                  DescribePart(*wanted.thing, part));
      }
    }
  }
  return absl::OkStatus();
}

void Undoing::Say(const Step& step, const absl::Status& status) {
  for (const std::string& resource : step.resources) {
    if (!options_.only.empty() && !options_.only.contains(resource)) {
      continue;
    }
    undone_.outcomes.push_back({resource, status.ok(), std::string(Message(status))});
    if (status.ok()) {
      back_.insert(resource);
    }
  }
}

// Units that took up what is put back now take it up again as it is.
void Undoing::TellAgain() {
  std::vector<Told> all = run_.told;
  all.insert(all.end(), options_.told_later.begin(), options_.told_later.end());
  std::map<std::string, Told> units;
  for (const Told& told : all) {
    const bool concerned =
        std::any_of(told.sources.begin(), told.sources.end(), [this](const auto& source) {
          return back_.contains(source);
        });
    if (!concerned || moved_.contains(told.unit)) {
      continue;
    }
    Told& last = units.try_emplace(told.unit, told).first->second;
    last.kind = std::max(last.kind, told.kind);
  }
  for (const auto& [unit, told] : units) {
    if (const absl::Status status = TellUnit(told); !status.ok()) {
      undone_.outcomes.push_back(
          {fmt::format("service:{}", unit), false, std::string(Message(status))});
    }
  }
}

absl::Status Undoing::TellUnit(const Told& told) {
  host_.ForgetSnapshots();
  ASSIGN_OR_RETURN(const sys::UnitState unit, host_.units().Unit(told.unit, options_.deadline));
  if (!unit.exists()) {
    return absl::OkStatus();
  }
  recorder_.Tell(told.unit, told.kind, told.sources);
  // One that the change broke is started: it ran before.
  if (unit.active_state == "failed") {
    return host_.write_units().Start(told.unit, options_.deadline);
  }
  const bool reload = told.kind == resource::RefreshKind::kReload && unit.can_reload;
  return reload ? host_.write_units().Reload(told.unit, options_.deadline)
                : host_.write_units().Restart(told.unit, options_.deadline);
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPutBack:
      return "put back";
    case Verdict::kAlready:
      return "already";
    case Verdict::kChangedSince:
      return "changed since";
    case Verdict::kCannot:
      break;
  }
  return "cannot";
}

std::string Plan::Coverage() const {
  std::vector<std::string> not_covered;
  for (const Step& step : steps) {
    if (step.verdict == Verdict::kChangedSince || step.verdict == Verdict::kCannot) {
      not_covered.push_back(fmt::format("{} ({})", Names(step.resources), step.why));
    }
  }
  for (const Opaque& opaque : run.opaque) {
    not_covered.push_back(fmt::format("{} ({})", opaque.resource, opaque.why));
  }
  return fmt::format("undo covers {} of {} change{}{}",
                     covered,
                     total,
                     total == 1 ? "" : "s",
                     not_covered.empty() ? "" : fmt::format("; not: {}", Names(not_covered)));
}

absl::StatusOr<Plan> MakePlan(const Store& store,
                              const std::string& run,
                              const std::set<std::string>& only,
                              const sys::HostReader& host,
                              Deadline deadline) {
  Plan plan;
  ASSIGN_OR_RETURN(plan.run, store.Read(run));
  host.ForgetSnapshots();
  Foreseen foreseen(host, deadline);
  const Present present = [&foreseen](const Thing& thing) { return foreseen.Present(thing); };
  for (std::size_t i = plan.run.changes.size(); i > 0; --i) {
    std::optional<Judgement> judgement =
        Judge(plan.run, i - 1, present, {store, host, only, deadline});
    if (!judgement.has_value()) {
      continue;
    }
    const auto size = static_cast<int>(judgement->step.resources.size());
    const bool covered = judgement->step.verdict == Verdict::kPutBack ||
                         judgement->step.verdict == Verdict::kAlready;
    plan.total += size;
    plan.covered += covered ? size : 0;
    if (judgement->step.verdict == Verdict::kPutBack) {
      for (const Wanted& wanted : judgement->wanted) {
        foreseen.PutBack(wanted);
      }
    }
    plan.steps.push_back(std::move(judgement->step));
  }
  plan.total += static_cast<int>(only.empty() ? plan.run.opaque.size() : 0);
  return plan;
}

absl::StatusOr<Undone> Perform(Store& store,
                               const std::string& run,
                               sys::Host& host,
                               const Clock& clock,
                               const UndoOptions& options) {
  ASSIGN_OR_RETURN(RunRecord record, store.Read(run));
  if (record.complete()) {
    return Undone{options.by, options.reason, clock.Now(), true, {}};
  }
  // From here on what is neither as before nor as left may be of our own making.
  RETURN_IF_ERROR(store.Append(run, Undone{options.by, options.reason, clock.Now(), false, {}}));
  RETURN_IF_ERROR(store.Sync());
  Undoing undoing(store, std::move(record), host, options, clock.Now());
  Undone undone = undoing.Do();
  undone.at = clock.Now();
  RETURN_IF_ERROR(undoing.End(clock.Now()));
  RETURN_IF_ERROR(store.Append(run, undone));
  RETURN_IF_ERROR(store.Sync());
  return undone;
}

}  // namespace fettle::undo
