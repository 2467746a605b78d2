// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite/ingest.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/evidence/statement.h"
#include "lib/pki/base64.h"
#include "lib/wire/report_wire.h"
#include "server/store/sqlite/host_spans.h"
#include "server/store/sqlite/packages.h"

namespace fettle::server::sqlite {
namespace {

constexpr char kPresent[] = "SELECT id, state, since, record, run, revision FROM states ";

using resource::Cause;
using resource::ResourceReport;
using resource::RunReport;
using resource::State;

// What is kept of a resource that is not at rest; nothing of one that is (its place stands with the
// catalog).
std::string RecordOf(const ResourceReport& report) {
  return wire::ToProto(report).SerializeAsString();
}

// "debian 12", from the facts' os.id and os.version.
std::string OsOf(const std::string& facts) {
  const nlohmann::json parsed = nlohmann::json::parse(facts, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("os") || !parsed["os"].is_object()) {
    return "";
  }
  const auto text = [&](const char* key) {
    const auto found = parsed["os"].find(key);
    return found != parsed["os"].end() && found->is_string() ? found->get<std::string>()
                                                             : std::string();
  };
  return fmt::format("{} {}", text("id"), text("version"));
}

// 42 of "r42"; 0, which no revision has, of anything else.
int64_t RevisionNumber(std::string_view name) {
  int64_t number = 0;
  return name.starts_with('r') && ParseInt(name.substr(1), &number) ? number : 0;
}

}  // namespace

absl::StatusOr<uint64_t> Ingester::Apply(const std::string& host,
                                         const std::string& epoch,
                                         std::vector<Ingest> records,
                                         const SignedReports& reports) {
  int64_t acknowledged = 0;
  RETURN_IF_ERROR(database_.Query(
      "SELECT acknowledged FROM epochs WHERE host = ? AND epoch = ?",
      [&](const Row& row) { acknowledged = row.Integer(0); },
      host,
      epoch));
  std::sort(records.begin(), records.end(), [](const Ingest& a, const Ingest& b) {
    return a.sequence < b.sequence;
  });
  const int64_t before = acknowledged;
  // Those before it are not stored: taken now, it would hide them for ever.
  if (!reports.key.empty() && reports.after > static_cast<uint64_t>(before)) {
    return FailedPrecondition(
        "host {} sent what follows report {}, and its reports up to {} are here",
        host,
        reports.after,
        before);
  }
  for (const Ingest& record : records) {
    const auto sequence = static_cast<int64_t>(record.sequence);
    if (sequence <= acknowledged) {
      continue;
    }
    RETURN_IF_ERROR(
        Annotate(ApplyRecord(host, record), fmt::format("host {} record {}", host, sequence)));
    acknowledged = sequence;
  }
  if (acknowledged != before) {
    RETURN_IF_ERROR(
        database_.Run("INSERT INTO epochs VALUES(?, ?, ?) ON CONFLICT(host, epoch) DO UPDATE SET "
                      "acknowledged = excluded.acknowledged",
                      host,
                      epoch,
                      acknowledged));
    RETURN_IF_ERROR(Log(
        host, epoch, reports, static_cast<uint64_t>(before), static_cast<uint64_t>(acknowledged)));
  }
  return static_cast<uint64_t>(acknowledged);
}

absl::Status Ingester::Log(const std::string& host,
                           const std::string& epoch,
                           const SignedReports& reports,
                           uint64_t before,
                           uint64_t last) {
  evidence::ReportsLeaf leaf;
  leaf.host = host;
  leaf.epoch = epoch;
  leaf.after = reports.key.empty() ? before : reports.after;
  leaf.last = last;
  leaf.digest = reports.digest;
  leaf.key = reports.key;
  leaf.signature = reports.signature;
  RETURN_IF_ERROR(NoteKey(host, reports.key));
  return log_.Add(std::move(leaf), reports.content, partitions_);
}

absl::Status Ingester::NoteKey(const std::string& host, const std::string& key) {
  std::string known;
  RETURN_IF_ERROR(database_.Query(
      "SELECT key FROM report_keys WHERE host = ?",
      [&](const Row& row) { known = row.Text(0); },
      host));
  if (key == known) {
    return absl::OkStatus();
  }
  AuditEntry act;
  act.who = "host/" + host;
  act.act = evidence::kReportKeyAct;
  act.detail = known.empty()
                   ? fmt::format("signs its reports with {}", evidence::KeyFingerprint(key))
                   : fmt::format("signs its reports with {} from now on, no longer with {}",
                                 evidence::KeyFingerprint(key),
                                 evidence::KeyFingerprint(known));
  act.host = host;
  act.data[std::string(evidence::kKeyField)] = pki::Base64Encode(key);
  RETURN_IF_ERROR(log_.Add(act));
  return database_.Run("INSERT OR REPLACE INTO report_keys VALUES(?, ?)", host, key);
}

absl::Status Ingester::ApplyRecord(const std::string& host, const Ingest& record) {
  changed_ = false;
  if (const auto* run = std::get_if<RunReport>(&record.body)) {
    return ApplyRun(host, *run);
  }
  if (const auto* snapshot = std::get_if<Snapshot>(&record.body)) {
    return ApplySnapshot(host, *snapshot);
  }
  if (const auto* facts = std::get_if<FactsJson>(&record.body)) {
    const bool dated = record.recorded > absl::UnixEpoch();
    return ApplyFacts(host, facts->json, dated ? record.recorded : now_);
  }
  if (const auto* unreadable = std::get_if<Unreadable>(&record.body)) {
    AuditEntry act;
    act.who = "host/" + host;
    act.act = "report unreadable";
    act.detail = fmt::format("record {}: {}", record.sequence, unreadable->why);
    act.host = host;
    return log_.Add(act);
  }
  if (const auto* coverage = std::get_if<CoverageReport>(&record.body)) {
    return database_.Run("INSERT OR REPLACE INTO coverage VALUES(?, ?)",
                         host,
                         wire::ToProto(coverage->resources).SerializeAsString());
  }
  if (const auto* packages = std::get_if<resource::PackageReport>(&record.body)) {
    return StorePackages(database_, partitions_, host, *packages, now_);
  }
  if (const auto* pause = std::get_if<PauseReport>(&record.body)) {
    return ApplyPause(host, *pause);
  }
  const auto& refusal = std::get<Refusal>(record.body);
  return database_.Run(
      "UPDATE hosts SET refusal = ? WHERE name = ?",
      refusal.reason.empty() ? "" : fmt::format("{}: {}", refusal.revision, refusal.reason),
      host);
}

absl::Status Ingester::ApplyFacts(const std::string& host, const std::string& json, absl::Time at) {
  RETURN_IF_ERROR(StoreFacts(database_, host, json, at));
  return database_.Run("UPDATE hosts SET os = ? WHERE name = ?", OsOf(json), host);
}

absl::Status Ingester::ApplyPause(const std::string& host, const PauseReport& pause) {
  if (pause.until == absl::InfinitePast()) {
    return database_.Run("DELETE FROM pauses WHERE host = ?", host);
  }
  return database_.Run(
      "INSERT OR REPLACE INTO pauses VALUES(?, ?, ?)", host, pause.until, pause.reason);
}

absl::Status Ingester::ApplyRun(const std::string& host, const RunReport& run) {
  RETURN_IF_ERROR(StoreRun(host, run));
  RETURN_IF_ERROR(database_.Run(
      "UPDATE hosts SET last_run = max(last_run, ?), last_run_error = ? WHERE name = ?",
      run.started,
      run.error,
      host));
  if (!run.error.empty()) {
    return absl::OkStatus();
  }
  if (run.enforce) {
    RETURN_IF_ERROR(database_.Run(
        "UPDATE hosts SET revision_id = coalesce((SELECT id FROM revisions WHERE number = ?), "
        "revision_id) WHERE name = ?",
        RevisionNumber(run.revision),
        host));
  }
  // A host that only looks follows its revision all the same; what was undone says nothing of it.
  if ((run.enforce || !run.partial) && RevisionNumber(run.revision) != 0) {
    RETURN_IF_ERROR(StoreRevision(database_, host, run.revision, run.started));
  }
  ASSIGN_OR_RETURN(PresentStates states, LoadTouched(host, run));
  std::set<std::string_view> listed;
  for (const ResourceReport& report : run.resources) {
    listed.insert(report.id);
    RETURN_IF_ERROR(ApplyListed(host, run, report, &states));
  }
  if (!run.partial) {
    for (auto& [id, present] : states) {
      if (!listed.contains(id)) {
        RETURN_IF_ERROR(Rest(host, id, run, &present));
      }
    }
    RETURN_IF_ERROR(
        database_.Run("UPDATE hosts SET catalog = ? WHERE name = ?", run.catalog, host));
  }
  return StoreTotals(host);
}

absl::Status Ingester::ApplyListed(const std::string& host,
                                   const RunReport& run,
                                   const ResourceReport& report,
                                   PresentStates* states) {
  if (report.cause == Cause::kDrift) {
    RETURN_IF_ERROR(NoteDrift(host, run, report));
  }
  Present next{resource::RestingState(report.state), run.started, "", run.id, run.revision};
  if (next.state != State::kOk) {
    next.record = RecordOf(report);
  } else {
    RETURN_IF_ERROR(EndDrift(
        host,
        report.id,
        run.started,
        report.state == State::kChanged ? DriftOutcome::kCorrected : DriftOutcome::kEnded));
  }
  const auto [found, fresh] = states->try_emplace(report.id, next);
  Present& present = found->second;
  if (report.state == State::kChanged) {  // What was off for an instant, for the history.
    const Present event{State::kChanged, run.started, RecordOf(report), run.id, run.revision};
    RETURN_IF_ERROR(CloseSpan(host, report.id, event, run.started));
  }
  if (!fresh && present.state == next.state &&
      (next.state == State::kOk || present.record == next.record)) {
    return absl::OkStatus();
  }
  if (!fresh) {
    RETURN_IF_ERROR(CloseSpan(host, report.id, present, run.started));
    present = next;
  }
  return StoreState(host, report.id, present);
}

absl::Status Ingester::Rest(const std::string& host,
                            const std::string& id,
                            const RunReport& run,
                            Present* present) {
  if (present->state == State::kOk) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CloseSpan(host, id, *present, run.started));
  RETURN_IF_ERROR(EndDrift(host, id, run.started, DriftOutcome::kEnded));
  *present = {State::kOk, run.started, "", run.id, run.revision};
  return StoreState(host, id, *present);
}

absl::Status Ingester::ApplySnapshot(const std::string& host, const Snapshot& snapshot) {
  ASSIGN_OR_RETURN(PresentStates states, LoadStates(host));
  std::set<std::string_view> named;
  for (const ResourceReport& entry : snapshot.entries) {
    named.insert(entry.id);
    RETURN_IF_ERROR(database_.Run("INSERT OR IGNORE INTO entries VALUES(?, ?, ?, ?)",
                                  snapshot.catalog,
                                  entry.id,
                                  entry.position,
                                  fmt::format("{}", fmt::join(entry.controls, "\n"))));
    const auto found = states.find(entry.id);
    const State state = resource::RestingState(entry.state);
    if (state == State::kOk) {
      RETURN_IF_ERROR(EndDrift(host, entry.id, snapshot.taken, DriftOutcome::kEnded));
    }
    if (found != states.end() && found->second.state == state) {
      continue;
    }
    if (found != states.end()) {
      RETURN_IF_ERROR(CloseSpan(host, entry.id, found->second, snapshot.taken));
    }
    const Present present{
        state, snapshot.taken, state == State::kOk ? "" : RecordOf(entry), "", snapshot.revision};
    states[entry.id] = present;
    RETURN_IF_ERROR(StoreState(host, entry.id, present));
  }
  for (auto it = states.begin(); it != states.end();) {
    if (named.contains(it->first)) {
      ++it;
      continue;
    }
    RETURN_IF_ERROR(CloseSpan(host, it->first, it->second, snapshot.taken));
    RETURN_IF_ERROR(EndDrift(host, it->first, snapshot.taken, DriftOutcome::kEnded));
    RETURN_IF_ERROR(database_.Run("DELETE FROM states WHERE host = ? AND id = ?", host, it->first));
    changed_ = true;
    it = states.erase(it);
  }
  RETURN_IF_ERROR(
      database_.Run("UPDATE hosts SET catalog = ? WHERE name = ?", snapshot.catalog, host));
  return StoreTotals(host);
}

absl::Status Ingester::StoreRun(const std::string& host, const RunReport& run) {
  ASSIGN_OR_RETURN(const std::string month, partitions_.Ensure(database_, run.started));
  auto report = wire::ToProto(run);
  report.clear_resources();
  return database_.Run(
      fmt::format("INSERT OR IGNORE INTO runs_{}({}) VALUES(?, ?, ?, ?)", month, kRunColumns),
      host,
      run.id,
      run.started,
      report.SerializeAsString());
}

absl::Status Ingester::StoreState(const std::string& host,
                                  const std::string& id,
                                  const Present& present) {
  changed_ = true;
  return database_.Run("INSERT OR REPLACE INTO states VALUES(?, ?, ?, ?, ?, ?, ?)",
                       host,
                       id,
                       static_cast<int64_t>(present.state),
                       present.since,
                       present.record,
                       present.run,
                       present.revision);
}

absl::Status Ingester::CloseSpan(const std::string& host,
                                 const std::string& id,
                                 const Present& present,
                                 absl::Time until) {
  ASSIGN_OR_RETURN(const std::string month, partitions_.Ensure(database_, until));
  return database_.Run(
      fmt::format(
          "INSERT INTO history_{}({}) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", month, kHistoryColumns),
      host,
      id,
      static_cast<int64_t>(present.state),
      present.since,
      until,
      present.record,
      present.run,
      present.revision);
}

absl::Status Ingester::NoteDrift(const std::string& host,
                                 const RunReport& run,
                                 const ResourceReport& report) {
  const DriftOutcome outcome =
      report.state == State::kFailed ? DriftOutcome::kFailed : DriftOutcome::kOpen;
  return database_.Run(
      "INSERT INTO open_drift VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(host, id) DO UPDATE SET "
      "outcome = excluded.outcome, record = excluded.record",
      host,
      report.id,
      static_cast<int64_t>(outcome),
      run.started,
      now_,
      RecordOf(report),
      run.id,
      run.revision);
}

absl::Status Ingester::EndDrift(const std::string& host,
                                const std::string& id,
                                absl::Time ended,
                                DriftOutcome outcome) {
  ASSIGN_OR_RETURN(const std::string month, partitions_.Ensure(database_, ended));
  RETURN_IF_ERROR(database_.Run(fmt::format("INSERT INTO drift_{}({}) SELECT host, id, ?, seen, "
                                            "stored, ?, record, run, revision FROM open_drift "
                                            "WHERE host = ? AND id = ?",
                                            month,
                                            kDriftColumns),
                                static_cast<int64_t>(outcome),
                                ended,
                                host,
                                id));
  return database_.Run("DELETE FROM open_drift WHERE host = ? AND id = ?", host, id);
}

void Ingester::Read(const Row& row, PresentStates* states) {
  states->emplace(
      row.Text(0),
      Present{
          static_cast<State>(row.Integer(1)), row.Time(2), row.Text(3), row.Text(4), row.Text(5)});
}

absl::StatusOr<Ingester::PresentStates> Ingester::LoadStates(const std::string& host) {
  PresentStates states;
  RETURN_IF_ERROR(database_.Query(
      std::string(kPresent) + "WHERE host = ?", [&](const Row& row) { Read(row, &states); }, host));
  return states;
}

absl::StatusOr<Ingester::PresentStates> Ingester::LoadTouched(const std::string& host,
                                                              const RunReport& run) {
  PresentStates states;
  for (const ResourceReport& report : run.resources) {
    RETURN_IF_ERROR(database_.Query(
        std::string(kPresent) + "WHERE host = ? AND id = ?",
        [&](const Row& row) { Read(row, &states); },
        host,
        report.id));
  }
  int64_t restless = 0;
  RETURN_IF_ERROR(database_.Query(
      "SELECT unknown + skipped + changed + drifted + failed + reverted + blocked FROM hosts WHERE "
      "name = ?",
      [&](const Row& row) { restless = row.Integer(0); },
      host));
  if (run.partial || restless == 0) {
    return states;
  }
  RETURN_IF_ERROR(database_.Query(
      std::string(kPresent) + "WHERE host = ? AND state != ?",
      [&](const Row& row) { Read(row, &states); },
      host,
      static_cast<int64_t>(State::kOk)));
  return states;
}

absl::Status Ingester::StoreTotals(const std::string& host) {
  RETURN_IF_ERROR(
      database_.Run("UPDATE hosts SET open_drift = (SELECT count(*) FROM open_drift d WHERE d.host "
                    "= hosts.name) WHERE name = ?",
                    host));
  bool never_counted = false;
  RETURN_IF_ERROR(database_.Query(
      "SELECT length(states) = 0 FROM hosts WHERE name = ?",
      [&](const Row& row) { never_counted = row.Bool(0); },
      host));
  if (!changed_ && !never_counted) {
    return absl::OkStatus();
  }
  int64_t counts[8] = {};
  std::vector<std::pair<std::string, State>> list;
  RETURN_IF_ERROR(database_.Query(
      "SELECT id, state FROM states WHERE host = ?",
      [&](const Row& row) {
        list.emplace_back(row.Text(0), static_cast<State>(row.Integer(1)));
        ++counts[static_cast<std::size_t>(row.Integer(1))];
      },
      host));
  return database_.Run(
      "UPDATE hosts SET states = ?, ok = ?, unknown = ?, skipped = ?, changed = ?, drifted = ?, "
      "failed = ?, reverted = ?, blocked = ? WHERE name = ?",
      resource::StateDigest(std::move(list)),
      counts[static_cast<std::size_t>(State::kOk)],
      counts[static_cast<std::size_t>(State::kUnknown)],
      counts[static_cast<std::size_t>(State::kSkipped)],
      counts[static_cast<std::size_t>(State::kChanged)],
      counts[static_cast<std::size_t>(State::kDrifted)],
      counts[static_cast<std::size_t>(State::kFailed)],
      counts[static_cast<std::size_t>(State::kReverted)],
      counts[static_cast<std::size_t>(State::kBlocked)],
      host);
}

}  // namespace fettle::server::sqlite
