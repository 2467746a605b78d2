// SPDX-License-Identifier: Apache-2.0
#include "server/notify/observer.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/resource/actor.h"

namespace fettle::server::notify {
namespace {

using resource::State;

constexpr std::size_t kMostDetail = 500;
constexpr int kMissedHeartbeats = 3;
// Batches are committed in another order than they are stamped, by less than this.
constexpr absl::Duration kCommitWithin = absl::Minutes(2);

std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, kMostDetail));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text.size() > kMostDetail ? line + " …" : line;
}

Notice Make(Kind kind, std::string host, std::string subject, Severity severity, absl::Time since) {
  Notice notice;
  notice.key = {kind, std::move(host), std::move(subject)};
  notice.severity = severity;
  notice.since = since;
  return notice;
}

std::string AttributesOf(const resource::ResourceReport& report) {
  std::vector<std::string> names;
  for (const resource::DifferenceRecord& one : report.differences) {
    names.push_back(one.attribute);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

Notice WaiverNotice(const Assessment::WaiverNote& note) {
  const compliance::Waiver& waiver = note.waiver;
  Notice notice =
      Make(Kind::kExpiring,
           "",
           fmt::format(
               "waiver of {}{} ({})", waiver.control, note.ended ? ", ended" : "", waiver.position),
           note.ended ? Severity::kCritical : Severity::kWarning,
           note.ended ? waiver.until : waiver.until - Observer::kWaiverBefore);
  notice.detail = OneLine(fmt::format("{} {}; approved by {}: {}",
                                      note.ended ? "ended" : "ends",
                                      Rfc3339(waiver.until),
                                      waiver.approver,
                                      waiver.reason));
  return notice;
}

void Add(Notice notice, Observation* observation) {
  if (observation->standing.size() >= Observer::kMostStanding) {
    observation->cut = true;
    return;
  }
  Key key = notice.key;
  observation->standing.emplace(std::move(key), std::move(notice));
}

}  // namespace

std::vector<Notice> NoticesOf(const HostView& host,
                              absl::Duration host_certificate,
                              absl::Time now) {
  const HostRecord& record = host.record;
  std::vector<Notice> notices;
  if (!record.last_run_error.empty()) {
    notices.push_back(
        Make(Kind::kFailure, record.name, "run", Severity::kCritical, record.last_run));
    notices.back().detail = OneLine(record.last_run_error);
  }
  if (const std::string refusal = RefusalOf(host); !refusal.empty()) {
    notices.push_back(
        Make(Kind::kFailure, record.name, "revision " + host.assigned, Severity::kCritical, now));
    notices.back().detail = OneLine("refused: " + refusal);
  }
  // Agents renew theirs at half of it.
  const absl::Time told = record.certificate_expires - host_certificate / 4;
  if (record.certificate_expires != absl::InfinitePast() && now >= told) {
    const bool over = now >= record.certificate_expires;
    notices.push_back(Make(Kind::kExpiring,
                           record.name,
                           over ? "certificate, ended" : "certificate",
                           over ? Severity::kCritical : Severity::kWarning,
                           told));
    notices.back().detail = fmt::format(
        "{} {}; {}",
        over ? "ended" : "ends",
        Rfc3339(record.certificate_expires),
        over ? "the host has to be enrolled anew" : "its agent should have renewed it long ago");
  }
  return notices;
}

Notice NoticeOf(const std::string& host, const StateRecord& state) {
  const bool failed = state.report.state == State::kFailed;
  Notice notice = Make(failed ? Kind::kFailure : Kind::kReverted,
                       host,
                       state.report.id,
                       failed ? Severity::kCritical : Severity::kWarning,
                       state.since);
  notice.detail = OneLine(state.report.error);
  return notice;
}

Notice NoticeOf(const DriftEntry& entry) {
  const bool contended = !entry.report.contended.empty();
  Notice notice = Make(contended ? Kind::kContended : Kind::kDrift,
                       entry.host,
                       entry.report.id,
                       Severity::kWarning,
                       entry.seen);
  notice.over = entry.ended;
  const std::string attributes = AttributesOf(entry.report);
  notice.detail = OneLine(contended ? entry.report.contended : attributes);
  if (!contended && entry.outcome == DriftOutcome::kCorrected) {
    notice.detail += notice.detail.empty() ? "put right" : "; put right";
  }
  if (entry.report.actor.has_value()) {
    notice.by = OneLine(resource::DescribeActor(*entry.report.actor));
  }
  return notice;
}

Observer::Observer(Store& store, const Clock& clock, Options options, absl::Time cursor)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      started_(clock.Now()),
      assessor_(store, clock, options_.heartbeat),
      cursor_(std::min(cursor, started_)) {}

bool Observer::IsSilent(const HostView& host, const std::function<bool(const Key&)>& told) const {
  if (host.presence != Presence::kSilent) {
    return false;
  }
  const bool listened = clock_.Now() - started_ > kMissedHeartbeats * options_.heartbeat;
  return listened || told({Kind::kSilence, host.record.name, ""});
}

absl::Status Observer::AddStates(const HostView& host, Observation* observation) {
  const HostRecord& record = host.record;
  if (record.counts.failed == 0 && record.counts.reverted == 0) {
    states_.erase(record.name);
    return absl::OkStatus();
  }
  States& known = states_[record.name];
  if (known.digest != record.states || known.last_run != record.last_run || known.notices.empty()) {
    ASSIGN_OR_RETURN(const auto states, store_.reports().StatesOf(record.name));
    known = {record.states, record.last_run, {}};
    for (const StateRecord& state : states) {
      if (state.report.state == State::kFailed || state.report.state == State::kReverted) {
        known.notices.push_back(NoticeOf(record.name, state));
      }
    }
  }
  for (const Notice& notice : known.notices) {
    Add(notice, observation);
  }
  return absl::OkStatus();
}

void Observer::AddPassed(const std::vector<DriftEntry>& entries, Observation* observation) {
  const absl::Time now = clock_.Now();
  cursor_ = std::min(cursor_, now);  // Somebody may have set the clock back.
  absl::Time newest = cursor_;
  absl::Time oldest = absl::InfiniteFuture();
  for (const DriftEntry& entry : entries) {
    oldest = std::min(oldest, entry.stored);
    const DriftId id{
        entry.stored,
        fmt::format("{}\n{}\n{}", entry.host, entry.report.id, absl::ToUnixMicros(entry.seen))};
    const bool over =
        entry.outcome == DriftOutcome::kCorrected || entry.outcome == DriftOutcome::kEnded;
    const bool told = !looked_ && entry.stored <= cursor_;  // By the server before this one.
    if (over && entry.stored > cursor_ - kCommitWithin && seen_.insert(id).second && !told &&
        observation->hosts.contains(entry.host)) {
      observation->passed.push_back(NoticeOf(entry));
    }
    newest = std::max(newest, entry.stored);
  }
  // Were all that was asked for stored since the last look, there may be more.
  observation->cut = observation->cut || (entries.size() >= kMostPassed && oldest > cursor_);
  cursor_ = std::min(newest, now);
  looked_ = true;
  std::erase_if(seen_, [&](const DriftId& one) { return one.first < cursor_ - 2 * kCommitWithin; });
}

absl::Status Observer::AddDrift(Observation* observation) {
  Window window;
  window.since = clock_.Now() - kLookBack;
  window.most = kMostPassed;
  ASSIGN_OR_RETURN(const auto passed, store_.history().Drift(window));
  ASSIGN_OR_RETURN(const auto open, store_.reports().Drift(absl::InfiniteFuture(), kMostDrift));
  AddPassed(passed, observation);
  for (const DriftEntry& entry : open) {
    // What failed is told as that.
    if (entry.outcome == DriftOutcome::kOpen && observation->hosts.contains(entry.host)) {
      Add(NoticeOf(entry), observation);
    }
  }
  observation->cut = observation->cut || open.size() >= kMostDrift;
  return absl::OkStatus();
}

void Observer::AddEndings(Observation* observation) {
  const absl::Time now = clock_.Now();
  for (const Ending& ending : options_.endings()) {
    if (now >= ending.ends - ending.before) {
      const bool over = now >= ending.ends;
      Notice notice = Make(Kind::kExpiring,
                           "",
                           ending.subject + (over ? ", ended" : ""),
                           over ? Severity::kCritical : Severity::kWarning,
                           ending.ends - ending.before);
      notice.detail =
          fmt::format("{} {}; {}", over ? "ended" : "ends", Rfc3339(ending.ends), ending.remedy);
      Add(std::move(notice), observation);
    }
  }
  std::vector<HostRecord> enforcing;
  for (const auto& [name, host] : observation->hosts) {
    // Enough for the assessor: which revision it is.
    HostRecord& record = enforcing.emplace_back();
    record.revision = host.record.revision;
    record.revision_id = host.record.revision_id;
  }
  if (auto waivers = assessor_.Waivers(enforcing); waivers.ok()) {
    waivers_ = *std::move(waivers);
  } else {
    observation->problem = Annotate(waivers.status(), "waivers");
  }
  for (const Assessment::WaiverNote& note : waivers_) {
    if (note.waiver.until - kWaiverBefore <= now) {
      Add(WaiverNotice(note), observation);
    }
  }
}

absl::StatusOr<Observation> Observer::Observe(const std::function<bool(const Key&)>& told) {
  const absl::Time now = clock_.Now();
  Observation observation;
  ASSIGN_OR_RETURN(std::vector<HostView> hosts, FindHosts(store_, "", now, options_.heartbeat));
  for (HostView& host : hosts) {
    if (host.presence != Presence::kRevoked) {  // What it said last counts no more.
      std::string name = host.record.name;
      observation.hosts.emplace(std::move(name), std::move(host));
    }
  }
  for (const auto& [name, host] : observation.hosts) {
    if (IsSilent(host, told)) {
      Notice notice = Make(Kind::kSilence, name, "", Severity::kCritical, host.record.last_seen);
      notice.detail = "last heard of " + Rfc3339(host.record.last_seen);
      Add(std::move(notice), &observation);
    }
    for (Notice& notice : NoticesOf(host, options_.host_certificate, now)) {
      Add(std::move(notice), &observation);
    }
    RETURN_IF_ERROR(AddStates(host, &observation));
  }
  RETURN_IF_ERROR(AddDrift(&observation));
  AddEndings(&observation);
  return observation;
}

}  // namespace fettle::server::notify
