// SPDX-License-Identifier: Apache-2.0
#include "server/compliance/assessor.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"
#include "lib/policy/tree.h"
#include "server/compliance/past.h"
#include "server/fleet/host_fields.h"

namespace fettle::server {
namespace {

using compliance::Control;
using compliance::HostEvidence;
using compliance::ParsedControls;
using compliance::Verdict;
using compliance::Waiver;

constexpr std::size_t kRemembered = 64;

bool NamesControls(const AssessmentScope& scope) {
  return !scope.framework.empty() || !scope.control.empty();
}

absl::Status NoSuchControl(const AssessmentScope& scope) {
  return NotFound(
      "no control that these hosts' revisions or resources name fits{}{}; `fettle compliance` "
      "lists those there are",
      scope.framework.empty() ? "" : fmt::format(" framework \"{}\"", scope.framework),
      scope.control.empty() ? "" : fmt::format(" id \"{}\"", scope.control));
}

bool IsInFramework(const Control& control, const std::string& framework) {
  return framework.empty() || control.frameworks.contains(framework);
}

// One assessment under way.
class Assessing {
 public:
  Assessing(const AssessmentScope& scope, std::vector<HostView> hosts, absl::Time now)
      : scope_(scope), hosts_(std::move(hosts)) {
    result_.taken = now;
  }

  const std::vector<HostView>& hosts() const { return hosts_; }

  Assessment& result() { return result_; }

  // What the tree of a revision says, for the hosts that enforce it.
  void AddCatalog(const std::string& revision,
                  const ParsedControls* parsed,
                  const recipe::Rules& rules) {
    catalogs_[revision] = parsed;
    for (const recipe::Rule& rule : rules.all()) {
      if (rule.controls == std::vector{rule.name}) {
        Control control;
        control.title = rule.title;
        control.position = rule.position;
        described_.try_emplace(rule.name, std::move(control));  // Unless a file describes it.
      }
    }
    for (const std::string& problem : rules.problems()) {
      result_.problems.push_back(fmt::format("{}: {}", revision, problem));
    }
    for (const auto& [id, control] : parsed->catalog.controls) {
      described_.insert_or_assign(id, control);  // By name of the revision: the last one's words.
    }
    for (const std::string& problem : parsed->problems) {
      result_.problems.push_back(fmt::format("{}: {}", revision, problem));
    }
  }

  void AddStates(std::vector<ControlState> states) {
    for (ControlState& one : states) {
      HostEvidence& host = evidence_[one.host];
      compliance::Evidence evidence{std::move(one.resource),
                                    one.state,
                                    one.since,
                                    std::move(one.position),
                                    std::move(one.differences),
                                    std::move(one.error),
                                    std::move(one.actor)};
      for (std::size_t i = 0; i < one.controls.size(); ++i) {
        std::vector<compliance::Evidence>& of = host.by_control[one.controls[i]];
        if (i + 1 < one.controls.size()) {
          of.push_back(evidence);
        } else {
          of.push_back(std::move(evidence));
        }
        named_.insert(one.controls[i]);
      }
    }
  }

  // `covered`: the hosts of each waiver's filter.
  void Judge(const std::map<std::string, std::set<std::string>>& covered) {
    covered_ = &covered;
    for (const std::string& id : Wanted()) {
      const auto found = described_.find(id);
      Control control = found == described_.end() ? Control() : found->second;
      control.id = id;
      result_.controls.push_back({std::move(control), {}});
    }
    for (const HostView& host : hosts_) {
      result_.hosts.push_back({host.record.name, host.record.revision, {}});
    }
    std::vector<HostEvidence*> evidence;
    for (const HostView& host : hosts_) {
      evidence.push_back(&evidence_[host.record.name]);
      evidence.back()->heard = host.presence == Presence::kConnected;
    }
    for (Assessment::ControlResult& control : result_.controls) {
      for (std::size_t i = 0; i < hosts_.size(); ++i) {
        JudgeOne(hosts_[i], *evidence[i], &control, &result_.hosts[i]);
      }
    }
    NoteWaivers();
  }

 private:
  // Ids of the controls that were asked for.
  std::set<std::string> Wanted() const {
    std::set<std::string> wanted;
    for (const auto& [id, control] : described_) {
      if (IsInFramework(control, scope_.framework)) {
        wanted.insert(id);
      }
    }
    if (scope_.framework.empty()) {
      wanted.insert(named_.begin(), named_.end());
    }
    if (!scope_.control.empty()) {
      return wanted.contains(scope_.control) ? std::set{scope_.control} : std::set<std::string>();
    }
    return wanted;
  }

  const std::vector<Waiver>& WaiversOf(const std::string& revision) const {
    static const std::vector<Waiver>* const none = new std::vector<Waiver>();
    const auto found = catalogs_.find(revision);
    return found == catalogs_.end() ? *none : found->second->catalog.waivers;
  }

  void JudgeOne(const HostView& view,
                const HostEvidence& evidence,
                Assessment::ControlResult* control,
                Assessment::HostResult* host) {
    const auto covers = [&](const Waiver& waiver) {
      const auto found = covered_->find(waiver.hosts);
      return found != covered_->end() && found->second.contains(view.record.name);
    };
    compliance::Finding finding = compliance::Judge(
        control->control.id, evidence, WaiversOf(view.record.revision), covers, result_.taken);
    control->hosts.Add(finding.verdict);
    host->controls.Add(finding.verdict);
    result_.counts.Add(finding.verdict);
    const bool told =
        finding.verdict != Verdict::kNotApplicable &&
        (finding.verdict != Verdict::kCompliant || !scope_.control.empty() || scope_.all);
    if (!told) {
      return;
    }
    if (result_.findings.size() >= Assessor::kMostFindings) {
      result_.findings_cut = true;
      return;
    }
    Assessment::FindingResult& added = result_.findings.emplace_back();
    added.control = control->control.id;
    added.host = view.record.name;
    added.verdict = finding.verdict;
    added.evidence = std::move(finding.evidence);
    if (finding.waiver != nullptr) {
      added.waiver = NoteOf(*finding.waiver, view.record.revision);
    }
  }

  Assessment::WaiverNote NoteOf(const Waiver& waiver, const std::string& revision) const {
    return {waiver, revision, waiver.until <= result_.taken};
  }

  void NoteWaivers() {
    for (const auto& [revision, parsed] : catalogs_) {
      for (const Waiver& waiver : parsed->catalog.waivers) {
        const bool wanted = std::any_of(
            result_.controls.begin(),
            result_.controls.end(),
            [&](const Assessment::ControlResult& one) { return one.control.id == waiver.control; });
        if (wanted) {
          result_.waivers.push_back(NoteOf(waiver, revision));
        }
      }
    }
  }

  const AssessmentScope& scope_;
  const std::vector<HostView> hosts_;
  Assessment result_;
  std::map<std::string, const ParsedControls*> catalogs_;  // By revision.
  std::map<std::string, Control> described_;
  std::map<std::string, HostEvidence> evidence_;
  std::set<std::string> named_;  // Controls that a resource names.
  const std::map<std::string, std::set<std::string>>* covered_ = nullptr;
};

}  // namespace

absl::StatusOr<Assessor::CatalogPtr> Assessor::ReadCatalog(const Digest& revision) {
  ASSIGN_OR_RETURN(const RevisionRecord record, store_.policy().GetRevision(revision));
  ASSIGN_OR_RETURN(const policy::Revision parsed, policy::ParseRevision(record.statement));
  ASSIGN_OR_RETURN(const std::string text, store_.policy().GetBlob(parsed.tree));
  ASSIGN_OR_RETURN(const policy::Manifest manifest, policy::ParseManifest(text));
  policy::Tree tree;
  for (const policy::ManifestEntry& entry : manifest.entries) {
    if (compliance::IsControlFile(entry.path) || recipe::IsRuleFile(entry.path)) {
      ASSIGN_OR_RETURN(std::string content, store_.policy().GetBlob(entry.digest));
      RETURN_IF_ERROR(tree.Add(entry.path, std::move(content)));
    }
  }
  return std::make_shared<const Catalog>(
      Catalog{compliance::ParseControls(tree),
              std::make_shared<const recipe::Rules>(recipe::Rules::Read(tree))});
}

absl::StatusOr<Assessor::CatalogPtr> Assessor::CatalogOf(const Digest& revision) {
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto found = known_.find(revision); found != known_.end()) {
      return found->second;
    }
  }
  ASSIGN_OR_RETURN(CatalogPtr read, ReadCatalog(revision));
  const absl::MutexLock lock(&mutex_);
  if (known_.size() >= kRemembered) {
    known_.clear();
  }
  return known_.emplace(revision, std::move(read)).first->second;
}

absl::StatusOr<std::vector<Assessment::WaiverNote>> Assessor::Waivers(
    const std::vector<HostRecord>& hosts) {
  const absl::Time now = clock_.Now();
  std::set<Digest> revisions;
  std::vector<Assessment::WaiverNote> notes;
  for (const HostRecord& host : hosts) {
    if (host.revision.empty() || !revisions.insert(host.revision_id).second) {
      continue;
    }
    ASSIGN_OR_RETURN(const CatalogPtr catalog, CatalogOf(host.revision_id));
    for (const Waiver& waiver : catalog->controls.catalog.waivers) {
      notes.push_back({waiver, host.revision, waiver.until <= now});
    }
  }
  return notes;
}

absl::StatusOr<std::map<std::string, Assessor::CatalogPtr>> Assessor::CatalogsOf(
    const std::vector<HostView>& hosts, bool past) {
  std::map<std::string, CatalogPtr> catalogs;
  for (const HostView& host : hosts) {
    const std::string& revision = host.record.revision;
    if (revision.empty() || catalogs.contains(revision)) {
      continue;
    }
    Digest id = host.record.revision_id;
    if (past) {  // The record has the id of now.
      ASSIGN_OR_RETURN(id, RevisionByName(store_.policy(), revision));
    }
    ASSIGN_OR_RETURN(catalogs[revision], CatalogOf(id));
  }
  return catalogs;
}

absl::StatusOr<std::vector<ControlState>> Assessor::RuleStates(
    const AssessmentScope& scope,
    const std::vector<HostView>& hosts,
    const std::map<std::string, CatalogPtr>& catalogs,
    const std::vector<ControlState>& states,
    std::vector<std::string>* problems) {
  RuleQuestion question;
  bool whole = false;  // Whether a rule looks at all of the fleet.
  for (const auto& [revision, catalog] : catalogs) {
    question.rules[revision] = catalog->rules;
    whole |= std::any_of(catalog->rules->all().begin(),
                         catalog->rules->all().end(),
                         [](const recipe::Rule& rule) { return rule.fleet; });
  }
  for (const HostView& host : hosts) {
    question.judged.insert(host.record.name);
  }
  std::vector<HostView> fleet;
  if (whole) {
    ASSIGN_OR_RETURN(fleet, FindHosts(store_, "", clock_.Now(), heartbeat_, scope.at));
    if (IsPast(scope)) {
      NotePresence(scope.at, heartbeat_, &fleet);
    }
  }
  question.hosts = whole ? &fleet : &hosts;
  question.states = &states;
  question.at = scope.at;
  question.now = clock_.Now();
  question.sees_all = !scope.shows;
  return rules_.Judge(question, problems);
}

absl::StatusOr<std::set<std::string>> Assessor::CoveredBy(const Waiver& waiver,
                                                          const std::vector<HostView>& hosts,
                                                          absl::Time now,
                                                          absl::Time at) {
  ASSIGN_OR_RETURN(const filter::Filter filter,
                   filter::Filter::Parse(waiver.hosts, HostLanguage(), now));
  std::set<std::string> covered;
  absl::Status problem;
  for (const HostView& host : hosts) {
    const HostFields fields(host, [&]() -> std::string {
      auto facts = store_.history().FactsAt(host.record.name, at);
      problem.Update(facts.status());
      return facts.ok() ? *std::move(facts) : "";
    });
    if (filter.Matches(fields)) {
      covered.insert(host.record.name);
    }
  }
  RETURN_IF_ERROR(problem);
  return covered;
}

absl::StatusOr<Assessment> Assessor::AssessAt(const AssessmentScope& scope) {
  const absl::Time now = clock_.Now();
  const bool past = IsPast(scope);
  ASSIGN_OR_RETURN(std::vector<HostView> hosts,
                   FindHosts(store_, scope.filter, now, heartbeat_, scope.at));
  if (scope.shows) {
    std::erase_if(hosts, [&](const HostView& host) { return !scope.shows(host.record.name); });
  }
  if (past) {
    NotePresence(scope.at, heartbeat_, &hosts);
  }
  // Who asks may have a clock that is ahead of ours.
  Assessing assessing(scope, std::move(hosts), std::min(scope.at, now));
  ASSIGN_OR_RETURN(const auto catalogs, CatalogsOf(assessing.hosts(), past));
  std::map<std::string, std::set<std::string>> covered;
  for (const auto& [revision, parsed] : catalogs) {
    assessing.AddCatalog(revision, &parsed->controls, *parsed->rules);
    for (const Waiver& waiver : parsed->controls.catalog.waivers) {
      const auto [at, fresh] = covered.try_emplace(waiver.hosts);
      if (!fresh) {
        continue;
      }
      auto hosts_of = CoveredBy(waiver, assessing.hosts(), now, scope.at);
      if (hosts_of.ok()) {
        at->second = *std::move(hosts_of);
      } else {
        assessing.result().problems.push_back(
            fmt::format("{}: {}: the waiver covers no host: hosts: {}",
                        revision,
                        waiver.position,
                        Message(hosts_of.status())));
      }
    }
  }
  ASSIGN_OR_RETURN(
      std::vector<ControlState> states,
      past ? store_.history().ControlStatesAt(scope.at) : store_.reports().ControlStates());
  ASSIGN_OR_RETURN(
      std::vector<ControlState> ruled,
      RuleStates(scope, assessing.hosts(), catalogs, states, &assessing.result().problems));
  assessing.AddStates(std::move(states));
  assessing.AddStates(std::move(ruled));
  assessing.Judge(covered);
  if (past) {
    assessing.result().caveats = CaveatsOf(assessing.hosts(), scope.at, now - keep_history_);
  }
  return std::move(assessing.result());
}

absl::StatusOr<Assessment> Assessor::Assess(const AssessmentScope& scope) {
  ASSIGN_OR_RETURN(Assessment assessment, AssessAt(scope));
  if (assessment.controls.empty() && NamesControls(scope)) {
    return NoSuchControl(scope);
  }
  return assessment;
}

absl::StatusOr<Trend> Assessor::AssessTrend(AssessmentScope scope,
                                            const std::vector<absl::Time>& moments) {
  Trend trend;
  bool any = false;
  std::set<std::string> said;
  for (const absl::Time at : moments) {
    scope.at = at;
    ASSIGN_OR_RETURN(const Assessment assessment, AssessAt(scope));
    any |= !assessment.controls.empty();
    const auto known = std::count_if(
        assessment.hosts.begin(), assessment.hosts.end(), [](const Assessment::HostResult& host) {
          return !host.revision.empty();
        });
    trend.points.push_back({at, assessment.counts, static_cast<uint32_t>(known)});
    for (const std::string& caveat : assessment.caveats) {
      if (said.insert(caveat).second) {
        trend.caveats.push_back(caveat);
      }
    }
  }
  if (!any && NamesControls(scope)) {
    return NoSuchControl(scope);
  }
  return trend;
}

}  // namespace fettle::server
