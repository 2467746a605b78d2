// SPDX-License-Identifier: Apache-2.0
#include "server/siem/from_leaf.h"

#include <utility>

#include "fettle/v1/agent.pb.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/evidence/leaf.h"
#include "server/reports/from_proto.h"

namespace fettle::server::siem {
namespace {

using resource::Cause;
using resource::ResourceReport;
using resource::RunReport;
using resource::State;

constexpr int kFailedRun = 8;

Event Make(std::string kind, std::string id, absl::Time time, absl::Time received) {
  Event event;
  event.severity = SeverityOf(kind);
  event.kind = std::move(kind);
  event.id = std::move(id);
  event.time = time;
  event.received = received;
  return event;
}

Event Unread(const LogLeaf& leaf, absl::Time time, std::string_view why) {
  Event event = Make("unreadable", fmt::format("leaf-{}", leaf.number), time, time);
  event.leaf = leaf.number;
  event.failed = true;
  event.summary = fmt::format("leaf {} of the evidence log cannot be read", leaf.number);
  event.detail = why;
  return event;
}

Event OfAct(const LogLeaf& leaf, const evidence::ActLeaf& act) {
  const bool denied = act.act == "denied";
  Event event =
      Make(denied ? "denied" : "act", fmt::format("leaf-{}", leaf.number), act.time, act.time);
  event.leaf = leaf.number;
  event.host = act.host;
  event.who = act.who;
  event.act = act.act;
  event.detail = act.detail;
  event.data = act.data;
  event.failed = denied;
  event.summary =
      fmt::format("{}: {}{}{}", act.who, act.act, act.detail.empty() ? "" : " ", act.detail);
  return event;
}

// The kind of what a run found of a resource; "" for what is not told.
std::string KindOf(const ResourceReport& report) {
  if (!report.contended.empty()) {
    return "contended";
  }
  switch (report.state) {
    case State::kChanged:
      return report.cause == Cause::kDrift ? "correction" : "change";
    case State::kDrifted:
      return report.cause == Cause::kDrift ? "drift" : "";
    case State::kFailed:
      return "failure";
    case State::kReverted:
      return "reverted";
    case State::kOk:
    case State::kUnknown:
    case State::kSkipped:
    case State::kBlocked:
      break;
  }
  return "";
}

std::string SummaryOf(const Event& event, const ResourceReport& report) {
  std::string attributes;
  for (const resource::DifferenceRecord& one : report.differences) {
    attributes += (attributes.empty() ? "" : ", ") + one.attribute;
  }
  return fmt::format("{}: {} on {}{}{}",
                     event.kind,
                     report.id,
                     event.host,
                     attributes.empty() ? "" : ": ",
                     attributes);
}

// One batch of a host, being read.
class Batch {
 public:
  Batch(const LogLeaf& leaf, const evidence::ReportsLeaf& reports)
      : leaf_(leaf), reports_(reports) {}

  std::vector<Event> Take(const std::vector<Ingest>& records) {
    for (const Ingest& record : records) {
      if (record.sequence > reports_.after) {  // What came before was kept, and told, before.
        record_ = &record;
        number_ = 0;
        std::visit([this](const auto& body) { this->Tell(body); }, record.body);
      }
    }
    return std::move(events_);
  }

 private:
  Event& Add(std::string kind, absl::Time time) {
    events_.push_back(Make(std::move(kind),
                           fmt::format("{}-{}-{}", reports_.epoch, record_->sequence, number_++),
                           time,
                           reports_.time));
    events_.back().leaf = leaf_.number;
    events_.back().host = reports_.host;
    return events_.back();
  }

  void Tell(const RunReport& run) {
    for (const ResourceReport& report : run.resources) {
      if (std::string kind = KindOf(report); !kind.empty()) {
        TellResource(run, report, std::move(kind));
      }
    }
    Event& event = Add("run", run.started);
    event.run = run.id;
    event.revision = run.revision;
    event.result =
        RunResult{run.id, run.reason, run.enforce, run.partial, run.duration, run.counts};
    event.detail = run.error;
    event.failed = !run.error.empty() || run.counts.failed > 0;
    event.severity = event.failed ? kFailedRun : event.severity;
    event.summary =
        run.error.empty()
            ? fmt::format("run on {}: {} ok, {} changed, {} drifted, {} failed, {} others",
                          event.host,
                          run.counts.ok,
                          run.counts.changed,
                          run.counts.drifted,
                          run.counts.failed,
                          run.counts.total() - run.counts.ok - run.counts.changed -
                              run.counts.drifted - run.counts.failed)
            : fmt::format("run on {} could not be done", event.host);
  }

  void TellResource(const RunReport& run, const ResourceReport& report, std::string kind) {
    Event& event = Add(std::move(kind), run.started);
    event.resource = report.id;
    event.differences = report.differences;
    event.actor = report.actor;
    event.controls = report.controls;
    event.position = report.position;
    event.run = run.id;
    event.revision = run.revision;
    event.failed = report.state == State::kFailed;
    event.detail = report.contended.empty() ? report.error : report.contended;
    event.summary = SummaryOf(event, report);
  }

  void Tell(const Refusal& refusal) {
    Event& event = Add("refusal", record_->recorded);
    event.revision = refusal.revision;
    event.failed = true;
    event.detail = refusal.reason;
    event.summary = fmt::format("{} refused revision {}", event.host, refusal.revision);
  }

  void Tell(const PauseReport& pause) {
    Event& event = Add("pause", record_->recorded);
    const bool over = pause.until == absl::InfinitePast();
    event.detail = pause.reason;
    event.summary = over ? fmt::format("{} is no longer paused", event.host)
                         : fmt::format("{} is paused until {}", event.host, Rfc3339(pause.until));
  }

  void Tell(const Unreadable& unreadable) {
    Event& event = Add("unreadable", record_->recorded);
    event.failed = true;
    event.detail = unreadable.why;
    event.summary = fmt::format("a record of {} cannot be read", event.host);
  }

  // What a host is like, not what happened.
  static void Tell(const Snapshot& /*snapshot*/) {}

  static void Tell(const FactsJson& /*facts*/) {}

  static void Tell(const CoverageReport& /*coverage*/) {}

  static void Tell(const resource::PackageReport& /*packages*/) {}

  const LogLeaf& leaf_;
  const evidence::ReportsLeaf& reports_;
  const Ingest* record_ = nullptr;
  int number_ = 0;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> EventsOf(const LogLeaf& leaf) {
  const auto decoded = evidence::DecodeLeaf(leaf.leaf);
  if (!decoded.ok()) {
    return {Unread(leaf, absl::UnixEpoch(), Message(decoded.status()))};
  }
  if (const auto* const act = std::get_if<evidence::ActLeaf>(&*decoded); act != nullptr) {
    return {OfAct(leaf, *act)};
  }
  const auto& reports = std::get<evidence::ReportsLeaf>(*decoded);
  v1::ReportList list;
  if (!list.ParseFromString(leaf.data)) {
    return {Unread(leaf, reports.time, "its batch of reports is not what a host wrote")};
  }
  return Batch(leaf, reports).Take(RecordsOf(reports.host, list));
}

Event SilenceEvent(const std::string& host, absl::Time last_seen, absl::Time now) {
  Event event =
      Make("silence", fmt::format("silence-{}-{}", host, absl::ToUnixMicros(last_seen)), now, now);
  event.host = host;
  event.failed = true;
  event.detail = "last heard of " + Rfc3339(last_seen);
  event.summary = fmt::format("{} is silent since {}", host, Rfc3339(last_seen));
  return event;
}

Event HeardEvent(const std::string& host, absl::Time last_seen, absl::Time now) {
  Event event =
      Make("heard", fmt::format("heard-{}-{}", host, absl::ToUnixMicros(last_seen)), now, now);
  event.host = host;
  event.summary = fmt::format("{} is heard of again", host);
  return event;
}

Event GapEvent(uint64_t first, uint64_t end, absl::Time now) {
  Event event = Make("gap", fmt::format("gap-{}-{}", first, end), now, now);
  event.leaf = first;
  event.failed = true;
  event.summary = fmt::format(
      "{} leaves of the evidence log, from {} on, went with their month of history before they "
      "were sent",
      end - first,
      first);
  return event;
}

Event TestEvent(absl::Time now) {
  Event event = Make("test", "test-" + NewId(), now, now);
  event.summary = "a test of Fettle's; nothing happened";
  return event;
}

}  // namespace fettle::server::siem
