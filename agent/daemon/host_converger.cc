// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/host_converger.h"

#include <malloc.h>

#include <algorithm>
#include <map>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/daemon/facts_json.h"
#include "agent/facts/facts.h"
#include "agent/link/encode.h"
#include "agent/link/encode_answer.h"
#include "agent/plans/carry_out.h"
#include "agent/plans/make_plan.h"
#include "agent/plans/plan_output.h"
#include "agent/plans/plan_store.h"
#include "agent/undo/untold.h"
#include "lib/base/bytes.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/recipe/evaluate.h"
#include "lib/resource/windows.h"
#include "lib/sys/package_foresight.h"
#include "modules/schemas.h"

namespace fettle::agent {
namespace {

using resource::State;

constexpr absl::Duration kLongestRun = absl::Hours(4);
// Who undoes has the run lock until he is done.
constexpr absl::Duration kUndoPatience = absl::Minutes(10);
constexpr absl::Duration kLongestPlan = absl::Minutes(30);
constexpr absl::Duration kLongestUndo = absl::Hours(1);

// One number for all that an evaluation depends on.
Digest InputsOf(const Job& job, const std::string& facts_json) {
  ByteWriter writer;
  writer.Raw(job.revision.revision_id.Raw());
  writer.Number(job.revision.labels.size());
  for (const auto& [key, value] : job.revision.labels) {
    writer.Text(key);
    writer.Text(value);
  }
  writer.Text(facts_json);
  return Sha256(writer.bytes());
}

std::string Join(const std::vector<recipe::Problem>& problems) {
  std::string text;
  for (const recipe::Problem& problem : problems) {
    text += (text.empty() ? "" : "\n") + problem.Display();
  }
  return text;
}

std::vector<link::SnapshotEntry> EntriesOf(const resource::Catalog& catalog,
                                           const resource::RunReport& run) {
  std::map<std::string_view, State> states;
  for (const resource::ResourceReport& one : run.resources) {
    states[one.id] = one.state;
  }
  std::vector<link::SnapshotEntry> entries;
  entries.reserve(catalog.resources.size());
  for (const resource::Declaration& declaration : catalog.resources) {
    link::SnapshotEntry entry;
    entry.id = declaration.Id();
    const auto found = states.find(entry.id);
    entry.state = found == states.end() ? State::kOk : found->second;
    entry.position = declaration.position.Display();
    entry.controls = declaration.controls;
    entries.push_back(std::move(entry));
  }
  return entries;
}

// The zone that the host lives by now. Asked for by its name: "the local one" would stay what it
// was when the agent started.
absl::TimeZone ZoneOf(const sys::HostReader& host) {
  constexpr std::string_view kDatabase = "zoneinfo/";
  const absl::StatusOr<std::string> link = host.files().ReadLink("/etc/localtime");
  const std::size_t at = link.ok() ? link->find(kDatabase) : std::string::npos;
  absl::TimeZone zone;
  if (at != std::string::npos && absl::LoadTimeZone(link->substr(at + kDatabase.size()), &zone)) {
    return zone;
  }
  return absl::LocalTimeZone();
}

// When the next window of a schedule of the catalog begins.
absl::Time NextWindow(const resource::Catalog& catalog,
                      absl::Time now,
                      const absl::TimeZone& zone) {
  absl::Time next = absl::InfiniteFuture();
  const std::string* last = nullptr;
  for (const resource::Declaration& declaration : catalog.resources) {
    if (declaration.schedule.empty() || (last != nullptr && *last == declaration.schedule)) {
      continue;
    }
    last = &declaration.schedule;
    const auto windows = resource::Windows::Parse(declaration.schedule);
    if (windows.ok()) {
      next = std::min(next, windows->NextBeginning(now, zone));
    }
  }
  return next;
}

// What stands in for the report of a run that could not begin.
resource::RunReport NotDone(const Job& job, const std::string& host, const Clock& clock) {
  resource::RunReport report;
  report.id = NewId();
  report.host = host;
  report.revision = job.revision.revision;
  report.reason = job.reason;
  report.enforce = !job.audit && !job.paused;
  report.started = clock.Now();
  return report;
}

}  // namespace

HostConverger::HostConverger(Parts parts)
    : parts_(std::move(parts)), engine_(parts_.types, parts_.clock, parts_.journal, parts_.store) {}

Outcome HostConverger::Converge(const Job& job) {
  const bool changes_things = job.kind == Job::Kind::kRun || job.kind == Job::Kind::kApplyPlan ||
                              job.kind == Job::Kind::kUndo;
  parts_.host.ForgetSnapshots();
  if (parts_.packages == nullptr || !changes_things) {
    return Work(job);
  }
  // What others did until now, and then what this run did.
  std::vector<resource::PackageReport> changes;
  LookAtPackages("", &changes);
  Outcome outcome = Work(job);
  LookAtPackages(outcome.report.id, &changes);
  outcome.packages = std::move(changes);
  outcome.packages_digest = parts_.packages->digest();
  return outcome;
}

void HostConverger::LookAtPackages(const std::string& run,
                                   std::vector<resource::PackageReport>* changes) const {
  if (auto change = parts_.packages->Look(run); change.has_value()) {
    changes->push_back(*std::move(change));
  }
}

Outcome HostConverger::Work(const Job& job) {
  Outcome outcome;
  outcome.job = job;
  if (job.kind == Job::Kind::kUndo) {
    Undo(job, &outcome);
    return outcome;
  }
  if (job.kind == Job::Kind::kPlan || job.kind == Job::Kind::kApplyPlan) {
    const absl::Status done =
        job.kind == Job::Kind::kPlan ? Plan(job, &outcome) : ApplyPlan(job, &outcome);
    if (!done.ok()) {
      outcome.answer = link::EncodeTaskError(job.task, Message(done));
    }
    if (job.kind == Job::Kind::kApplyPlan) {
      AwaitConfirmation(&outcome);
    }
    return outcome;
  }
  if (job.kind == Job::Kind::kTellUndone || job.reason == "start") {
    TakeUndone(&outcome);
  }
  if (job.kind == Job::Kind::kTellUndone) {
    return outcome;
  }
  const absl::Status status = Evaluate(job, &outcome);
  const bool evaluated = status.ok() && outcome.refusal.empty() && !outcome.incomplete;
  if (job.kind == Job::Kind::kCheck) {
    // Could not be tried, as far as the server is concerned: the next sweep tries again.
    outcome.refusal = status.ok() ? outcome.refusal : std::string(Message(status));
    return outcome;
  }
  if (evaluated) {
    Run(job, &outcome);
    AwaitConfirmation(&outcome);
    if (job.only.empty()) {
      ::malloc_trim(0);  // Until the next sweep little is needed of what looking at all took.
    }
    return outcome;
  }
  outcome.report = NotDone(job, parts_.name, parts_.clock);
  outcome.report.error = !status.ok()         ? std::string(Message(status))
                         : outcome.incomplete ? "content of the revision is missing on disk"
                                              : outcome.refusal;
  AwaitConfirmation(&outcome);
  return outcome;
}

// Of a run that was killed a later one does the rest; only what is done whole is to be confirmed.
void HostConverger::AwaitConfirmation(Outcome* outcome) {
  outcome->pending = undo::ReadPending(parts_.state_dir);
  if (outcome->pending.has_value() && outcome->report.id.empty()) {
    outcome->report = NotDone(outcome->job, parts_.name, parts_.clock);
    outcome->report.error = "the plan could not be carried out";
  }
  if (!outcome->pending.has_value() || !outcome->report.error.empty() || !outcome->report.enforce) {
    return;
  }
  undo::Pending waiting = *outcome->pending;
  waiting.phase = undo::Pending::Phase::kWaiting;
  waiting.report = link::EncodeRun(outcome->report);
  if (const absl::Status status = undo::WritePending(parts_.state_dir, waiting); !status.ok()) {
    spdlog::error("{}; what is not known to be waiting is undone", Message(status));
    return;
  }
  outcome->pending = std::move(waiting);
}

void HostConverger::Undo(const Job& job, Outcome* outcome) {
  undo::UndoPendingTask task;
  task.state_dir = parts_.state_dir;
  task.host = parts_.name;
  task.deadline = Deadline::After(kLongestUndo);
  task.on_wait = [](const std::string& holder) {
    spdlog::info("waiting for another run: {}", holder);
  };
  auto report =
      undo::UndoPending(job.undo, task, *parts_.store, *parts_.journal, parts_.host, parts_.clock);
  if (report.ok()) {
    outcome->report = *std::move(report);
    return;
  }
  outcome->report = NotDone(job, parts_.name, parts_.clock);
  outcome->report.error = std::string(Message(report.status()));
}

absl::Status HostConverger::Evaluate(const Job& job, Outcome* outcome) {
  // A look at a few resources that were touched: what was evaluated last is what they are of.
  if (!job.only.empty() && evaluated_ != nullptr &&
      evaluated_->revision == job.revision.revision_id) {
    return absl::OkStatus();
  }
  resource::Value::Map facts = facts::CollectFacts(parts_.host, &stale_services_);
  outcome->facts_json = FactsJson(facts);
  const Digest inputs = InputsOf(job, outcome->facts_json);
  if (evaluated_ != nullptr && evaluated_->inputs == inputs) {
    return absl::OkStatus();
  }
  auto next = EvaluateAnew(job, std::move(facts), inputs, outcome);
  ::malloc_trim(0);  // The tree and all that its evaluation took are not needed any more.
  RETURN_IF_ERROR(next.status());
  if (*next != nullptr) {
    evaluated_ = *std::move(next);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<HostConverger::Evaluated>> HostConverger::EvaluateAnew(
    const Job& job, resource::Value::Map facts, const Digest& inputs, Outcome* outcome) {
  const auto tree = parts_.revisions.Assemble(job.tree);
  if (absl::IsNotFound(tree.status())) {
    outcome->incomplete = true;
    return nullptr;
  }
  if (!tree.ok()) {
    outcome->refusal = std::string(Message(tree.status()));
    return nullptr;
  }
  recipe::EvaluateInput input;
  input.tree = &*tree;
  input.host = parts_.name;
  input.facts = std::move(facts);
  input.labels = job.revision.labels;
  input.schemas = AllSchemas();
  ASSIGN_OR_RETURN(recipe::EvaluateResult result, recipe::Evaluate(input));
  if (!result.ok()) {
    outcome->refusal = Join(result.problems);
    return nullptr;
  }
  for (const recipe::Problem& note : result.notes) {
    spdlog::info("{}: {}", job.revision.revision, note.Display());
  }
  auto next = std::make_unique<Evaluated>();
  next->inputs = inputs;
  next->revision = job.revision.revision_id;
  next->catalog = std::move(result.catalog);
  auto prepared = engine::Prepared::Make(next->catalog, parts_.types);
  if (!prepared.ok()) {
    outcome->refusal = std::string(Message(prepared.status()));
    return nullptr;
  }
  next->prepared = *std::move(prepared);
  return next;
}

absl::Status HostConverger::Plan(const Job& job, Outcome* outcome) {
  resource::Value::Map facts = facts::CollectFacts(parts_.host, &stale_services_);
  const Digest inputs = InputsOf(job, FactsJson(facts));
  std::unique_ptr<Evaluated> other;
  const bool known = evaluated_ != nullptr && evaluated_->inputs == inputs;
  if (!known) {
    ASSIGN_OR_RETURN(other, EvaluateAnew(job, std::move(facts), inputs, outcome));
    if (other == nullptr) {
      return FailedPrecondition(
          "{} cannot be planned: {}",
          job.revision.revision,
          outcome->incomplete ? "its content was damaged on disk; ask again" : outcome->refusal);
    }
  }
  // Others may have run here since this agent did.
  ASSIGN_OR_RETURN(const auto journal, journal::Journal::ReadOnly(parts_.state_dir));
  engine::Engine engine(parts_.types, parts_.clock, journal.get());
  const auto foresight = sys::MakeAptForesight({.download = false, .cache_folder = {}});
  plans::PlanTask task;
  task.tree = job.revision.revision;
  task.revision = job.revision.revision;
  task.revision_id = job.revision.revision_id;
  task.folder = PlansFolder();
  task.deadline = Deadline::After(kLongestPlan);
  ASSIGN_OR_RETURN(plans::MadePlan made,
                   plans::MakePlan(known ? evaluated_->catalog : other->catalog,
                                   parts_.host,
                                   foresight.get(),
                                   engine,
                                   task));
  RETURN_IF_ERROR(Annotate(made.not_kept, "the plan cannot be kept on the host"));
  outcome->answer = link::EncodePlanAnswer(job.task, made);
  return absl::OkStatus();
}

absl::Status HostConverger::ApplyPlan(const Job& job, Outcome* outcome) {
  ASSIGN_OR_RETURN(const plans::StoredPlan plan, plans::PlanStore(PlansFolder()).Load(job.plan));
  if (plan.revision != job.revision.revision_id) {
    return FailedPrecondition(
        "plan {} is of {}, and this host enforces {}: plan that, or have the host follow what was "
        "planned first",
        plans::ShortId(plan.id),
        plan.revision.empty() ? "a tree of the host's own, which nobody signed" : plan.tree,
        job.revision.revision);
  }
  ASSIGN_OR_RETURN(const resource::Catalog catalog, resource::DecodeCatalog(plan.catalog));
  const auto foresight = sys::MakeAptForesight({});
  engine::RunOptions options;
  options.reason = fmt::format("plan {}: {}", plans::ShortId(plan.id), job.reason);
  options.revision = job.revision.revision;
  options.deadline = Deadline::After(kLongestRun);
  options.confirm_dir = parts_.store == nullptr ? "" : parts_.state_dir;
  options.connected = true;  // It has just asked.
  ASSIGN_OR_RETURN(
      outcome->report,
      plans::CarryOut(plan, catalog, {parts_.host, foresight.get(), engine_}, options));
  outcome->entries = EntriesOf(catalog, outcome->report);
  outcome->answer = link::EncodeRunAnswer(job.task, outcome->report);
  return absl::OkStatus();
}

bool HostConverger::DeepSweepDue(const Job& job) {
  const absl::Duration now = parts_.clock.Monotonic();
  if (job.reason != "sweep" || now - last_deep_ < parts_.deep_sweep) {
    return false;
  }
  last_deep_ = now;
  return true;
}

// That it fails is no harm: the next run says what is so.
void HostConverger::TakeUndone(Outcome* outcome) {
  if (parts_.store == nullptr) {
    return;
  }
  absl::Status status =
      parts_.journal->Begin("telling what was undone", Deadline::After(kUndoPatience), nullptr);
  if (status.ok()) {
    auto undone = undo::TakeUntold(*parts_.store, parts_.name);
    status = undone.status();
    if (undone.ok()) {
      outcome->undone = *std::move(undone);
    }
    status.Update(parts_.journal->End());
  }
  if (!status.ok()) {
    spdlog::warn("what was undone is not told by itself: {}", Message(status));
  }
}

void HostConverger::Run(const Job& job, Outcome* outcome) {
  engine::RunOptions options;
  options.enforce = !job.audit;
  options.paused = job.paused;
  options.reason = job.reason;
  options.revision = job.revision.revision;
  options.only = job.only;
  options.deep = DeepSweepDue(job);
  options.state_dir = parts_.state_dir;
  options.confirm_dir = parts_.store == nullptr ? "" : parts_.state_dir;
  options.connected = job.connected;
  options.deadline = Deadline::After(kLongestRun);
  options.schedule_zone = ZoneOf(parts_.host);
  options.on_wait = [](const std::string& holder) {
    spdlog::info("waiting for another run: {}", holder);
  };
  auto report = engine_.Run(*evaluated_->prepared, parts_.host, options);
  if (!report.ok()) {
    outcome->report = NotDone(job, parts_.name, parts_.clock);
    outcome->report.error = std::string(Message(report.status()));
    return;
  }
  outcome->report = *std::move(report);
  outcome->next_window =
      NextWindow(evaluated_->catalog, outcome->report.started, *options.schedule_zone);
  if (!outcome->report.partial) {
    outcome->entries = EntriesOf(evaluated_->catalog, outcome->report);
  }
  if (!evaluated_->announced) {
    evaluated_->announced = true;
    outcome->interests = std::make_shared<const std::vector<watch::Interests>>(
        watch::InterestsOf(*evaluated_->prepared));
  }
}

}  // namespace fettle::agent
