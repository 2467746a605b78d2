// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/reporter.h"

#include <algorithm>
#include <map>

#include <spdlog/spdlog.h>

#include "agent/daemon/package_look.h"
#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "agent/link/encode.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

using resource::RestingState;
using resource::RunReport;
using resource::State;

Digest RefusalDigest(const link::Assignment& assignment, const std::string& reason) {
  return Sha256(fmt::format("{}\n{}", assignment.revision_id.Hex(), reason));
}

Digest DigestOf(const std::vector<link::SnapshotEntry>& entries) {
  std::vector<std::pair<std::string, State>> states;
  states.reserve(entries.size());
  for (const link::SnapshotEntry& entry : entries) {
    states.emplace_back(entry.id, RestingState(entry.state));
  }
  return resource::StateDigest(std::move(states));
}

report::Weight WeightOf(const RunReport& run) {
  const resource::RunCounts& counts = run.counts;
  const bool grave = !run.error.empty() || counts.changed != 0 || counts.drifted != 0 ||
                     counts.failed != 0 || counts.skipped != 0 || counts.reverted != 0 ||
                     counts.blocked != 0;
  return grave ? report::Weight::kGrave : report::Weight::kPlain;
}

}  // namespace

Reporter::Reporter(std::string path, std::string packages_path, report::Spool& spool)
    : path_(std::move(path)), packages_path_(std::move(packages_path)), spool_(spool) {
  Load();
}

void Reporter::Load() {
  const std::string bytes = journal::ReadWhole(path_).value_or("");
  const journal::Frames frames = journal::ReadFrames(bytes);
  if (frames.payloads.empty()) {
    return;
  }
  ByteReader reader(frames.payloads.front());
  Told told;
  for (Digest* const digest : {&told.catalog, &told.facts, &told.states, &told.refused}) {
    *digest = Digest::FromRaw(reader.Raw(digest->bytes.size())).value_or(Digest());
  }
  told.last_error = reader.Text();
  if (!reader.failed() && reader.at_end()) {
    told_ = std::move(told);
  }
}

// Not synced: what is lost is told twice, which does no harm.
void Reporter::Save() const {
  ByteWriter writer;
  for (const Digest* const digest : {&told_.catalog, &told_.facts, &told_.states, &told_.refused}) {
    writer.Raw(digest->Raw());
  }
  writer.Text(told_.last_error);
  std::string bytes;
  journal::AppendFrame(writer.bytes(), &bytes);
  if (const absl::Status status = journal::WriteUnsynced(path_, bytes); !status.ok()) {
    spdlog::warn("{}; some reports may be repeated after a restart", Message(status));
  }
}

void Reporter::Append(report::Weight weight, std::string body, std::string_view what) {
  const auto sequence = spool_.Append(weight, std::move(body));
  for (const std::string& message : spool_.TakeMessages()) {
    spdlog::warn("{}", message);
  }
  if (!sequence.ok()) {
    // What is so is told again when the server finds that its picture differs.
    spdlog::error("{} is not reported: {}", what, Message(sequence.status()));
  }
}

// A partial run says of all others nothing. Answers what was off and is not any more without our
// doing: somebody else put it right.
std::vector<std::string> Reporter::Merge(const Outcome& outcome) {
  std::vector<std::string> healed;
  if (!outcome.report.partial) {
    entries_ = outcome.entries;
    return healed;
  }
  std::map<std::string_view, State> news;
  for (const std::string& id : outcome.job.only) {
    news[id] = State::kOk;
  }
  for (const resource::ResourceReport& one : outcome.report.resources) {
    news[one.id] = one.state;
  }
  for (link::SnapshotEntry& entry : entries_) {
    const auto found = news.find(entry.id);
    if (found == news.end()) {
      continue;
    }
    if (found->second == State::kOk && resource::RestingState(entry.state) != State::kOk) {
      healed.push_back(entry.id);
    }
    entry.state = found->second;
  }
  return healed;
}

bool Reporter::WorthTelling(const RunReport& run) const {
  const bool quiet = run.reason == "sweep" || run.reason == "start" || run.reason == "drift";
  const bool same =
      run.error == told_.last_error && run.counts.changed == 0 &&
      (!run.error.empty() || (states_ == told_.states && run.catalog == told_.catalog));
  return !quiet || !same;
}

void Reporter::Record(const Outcome& outcome) {
  RunReport run = outcome.report;
  revision_ = run.revision;
  if (run.error.empty()) {
    for (const std::string& id : Merge(outcome)) {
      run.resources.emplace_back().id = id;  // A full run need not say so.
      run.resources.back().state = State::kOk;
    }
    states_ = DigestOf(entries_);
    run.states = states_;
    catalog_ = run.catalog;
  }
  const bool worth_telling = WorthTelling(run);
  if (worth_telling) {
    Append(WeightOf(run), link::EncodeRun(run), "this run");
  }
  if (!worth_telling && run.partial) {
    return;  // Somebody touched something and nothing came of it.
  }
  const Told before = told_;
  told_.last_error = run.error;
  if (run.error.empty()) {
    told_.states = states_;
    if (told_.catalog != catalog_ || resync_wanted_) {
      TellSnapshot();
    }
  }
  facts_json_ = outcome.facts_json.empty() ? facts_json_ : outcome.facts_json;
  if (Sha256(facts_json_) != told_.facts || resync_wanted_) {
    TellFacts();
  }
  resync_wanted_ = resync_wanted_ && !run.error.empty();
  if (worth_telling || told_.catalog != before.catalog || told_.facts != before.facts) {
    Save();
  }
  run.resources = {};  // With what it took.
  last_run_ = std::move(run);
}

void Reporter::RecordUndo(RunReport undone) {
  std::map<std::string_view, link::SnapshotEntry*> known;
  for (link::SnapshotEntry& entry : entries_) {
    known[entry.id] = &entry;
  }
  undone.counts = {};
  std::erase_if(undone.resources, [&](const resource::ResourceReport& one) {
    const auto found = known.find(one.id);
    if (found == known.end() && !entries_.empty()) {
      return true;
    }
    if (found != known.end()) {
      found->second->state = one.state;
    }
    (one.state == State::kReverted ? undone.counts.reverted : undone.counts.failed) += 1;
    return false;
  });
  if (undone.resources.empty()) {
    return;
  }
  undone.enforce = false;  // It says nothing of which revision is enforced.
  undone.catalog = catalog_;
  if (!entries_.empty()) {
    states_ = DigestOf(entries_);
    undone.states = states_;
    told_.states = states_;
  }
  Append(report::Weight::kGrave, link::EncodeRun(undone), "what was undone");
  Save();
}

void Reporter::Tell(const RunReport& run) {
  Append(WeightOf(run), link::EncodeRun(run), "this run");
}

void Reporter::Tell(std::string run) {
  if (!run.empty()) {
    Append(report::Weight::kGrave, std::move(run), "a run of the agent before this one");
  }
}

void Reporter::TellSnapshot() {
  Append(report::Weight::kPlain,
         link::EncodeSnapshot({catalog_, revision_, entries_, states_}),
         "the state of all resources");
  told_.catalog = catalog_;
}

void Reporter::TellFacts() {
  if (facts_json_.empty()) {
    return;
  }
  Append(report::Weight::kPlain, link::EncodeFacts(facts_json_), "what the host is");
  told_.facts = Sha256(facts_json_);
}

void Reporter::Resync() {
  if (states_.empty()) {
    resync_wanted_ = true;
    return;
  }
  TellSnapshot();
  TellFacts();
  for (const std::string* const body : {&coverage_, &pause_}) {
    if (!body->empty()) {
      Append(report::Weight::kPlain, *body, "how the host is watched");
    }
  }
  Save();
}

void Reporter::TellPackages(const std::vector<resource::PackageReport>& changes,
                            const Digest& digest) {
  for (const resource::PackageReport& change : changes) {
    Append(report::Weight::kPlain, link::EncodePackages(change), "what changed of the packages");
  }
  packages_ = digest.empty() ? packages_ : digest;
}

void Reporter::ResyncPackages() {
  auto seen = LoadPackages(packages_path_);
  if (!seen.ok()) {
    spdlog::warn("the list of packages is not told: {}; the next look tells it anew",
                 Message(seen.status()));
    return;
  }
  resource::PackageReport whole = resource::PackageChanges({}, seen->packages);
  whole.whole = true;
  whole.digest = resource::PackageDigest(seen->packages);
  whole.changed = seen->changed;
  TellPackages({whole}, whole.digest);
}

void Reporter::TellCoverage(const std::map<std::string, resource::Coverage>& coverage) {
  std::string body = link::EncodeCoverage(coverage);
  if (body != coverage_) {
    coverage_ = std::move(body);
    Append(report::Weight::kPlain, coverage_, "how the host is watched");
  }
}

void Reporter::TellPause(absl::Time until, const std::string& reason) {
  pause_ = link::EncodePause(until, reason);
  Append(report::Weight::kPlain, pause_, "that the host is paused or no longer");
}

void Reporter::Refuse(const link::Assignment& assignment, const std::string& reason) {
  refusal_ = fmt::format("{}: {}", assignment.revision, reason);
  const Digest digest = RefusalDigest(assignment, reason);
  if (digest == told_.refused) {
    return;
  }
  spdlog::error("revision {} is not taken: {}", assignment.revision, reason);
  Append(report::Weight::kGrave,
         link::EncodeRefusal(assignment.revision, assignment.revision_id, reason),
         "the refusal");
  told_.refused = digest;
  Save();
}

void Reporter::Accept(const link::Assignment& assignment) {
  refusal_.clear();
  if (told_.refused.empty()) {
    return;
  }
  Append(report::Weight::kGrave,
         link::EncodeRefusal(assignment.revision, assignment.revision_id, ""),
         "the end of a refusal");
  told_.refused = Digest();
  Save();
}

std::vector<link::SnapshotEntry> Reporter::Unrest() const {
  std::vector<link::SnapshotEntry> unrest;
  std::copy_if(
      entries_.begin(),
      entries_.end(),
      std::back_inserter(unrest),
      [](const link::SnapshotEntry& entry) { return RestingState(entry.state) != State::kOk; });
  return unrest;
}

resource::RunCounts Reporter::Resting() const {
  resource::RunCounts counts;
  for (const link::SnapshotEntry& entry : entries_) {
    switch (RestingState(entry.state)) {
      case State::kOk:
      case State::kChanged:  // Which rests as kOk.
        ++counts.ok;
        break;
      case State::kUnknown:
        ++counts.unknown;
        break;
      case State::kSkipped:
        ++counts.skipped;
        break;
      case State::kDrifted:
        ++counts.drifted;
        break;
      case State::kFailed:
        ++counts.failed;
        break;
      case State::kReverted:
        ++counts.reverted;
        break;
      case State::kBlocked:
        ++counts.blocked;
        break;
    }
  }
  return counts;
}

}  // namespace fettle::agent
