// SPDX-License-Identifier: Apache-2.0
#include "server/reports/from_proto.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/wire/package_wire.h"
#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxFacts = 1 << 20;
constexpr std::size_t kMaxReason = 4000;
constexpr int64_t kLatest = int64_t{4'102'444'800} * 1'000'000;  // Year 2100.

absl::StatusOr<Snapshot> FromProto(const v1::StateSnapshot& proto, absl::Time taken) {
  Snapshot snapshot;
  ASSIGN_OR_RETURN(snapshot.catalog, wire::DigestFromProto(proto.catalog()));
  snapshot.revision = proto.revision();
  snapshot.taken = taken;
  for (const auto& entry : proto.entries()) {
    resource::ResourceReport report;
    if (entry.id().empty()) {
      return InvalidArgument("a resource without an id in a snapshot");
    }
    report.id = entry.id();
    ASSIGN_OR_RETURN(report.state, wire::FromProto(entry.state()));
    report.position = entry.position();
    report.controls.assign(entry.controls().begin(), entry.controls().end());
    snapshot.entries.push_back(std::move(report));
  }
  return snapshot;
}

absl::StatusOr<Refusal> FromProto(const v1::Refusal& proto) {
  Refusal refusal;
  refusal.revision = proto.revision();
  ASSIGN_OR_RETURN(refusal.revision_id, wire::DigestFromProto(proto.revision_id()));
  refusal.reason = proto.reason().substr(0, kMaxReason);
  return refusal;
}

using Body = decltype(Ingest::body);

absl::StatusOr<Body> BodyOf(const std::string& host, const v1::Report& report, absl::Time time) {
  if (report.recorded_us() < 0 || report.recorded_us() > kLatest) {
    return InvalidArgument("recorded at {} microseconds, which is no time", report.recorded_us());
  }
  switch (report.body_case()) {
    case v1::Report::kRun: {
      ASSIGN_OR_RETURN(resource::RunReport run, wire::FromProto(report.run()));
      run.host = host;
      return Body(std::move(run));
    }
    case v1::Report::kSnapshot: {
      ASSIGN_OR_RETURN(Snapshot snapshot, FromProto(report.snapshot(), time));
      return Body(std::move(snapshot));
    }
    case v1::Report::kFacts:
      if (report.facts().json().size() > kMaxFacts) {
        return InvalidArgument(
            "facts of {} bytes; at most {} are kept", report.facts().json().size(), kMaxFacts);
      }
      return Body(FactsJson{report.facts().json()});
    case v1::Report::kRefusal: {
      ASSIGN_OR_RETURN(Refusal refusal, FromProto(report.refusal()));
      return Body(std::move(refusal));
    }
    case v1::Report::kCoverage:
      return Body(CoverageReport{wire::FromProto(report.coverage())});
    case v1::Report::kPause: {
      const int64_t until = report.pause().until_us();
      if (until < 0 || until > kLatest) {
        return InvalidArgument("paused until {} microseconds, which is no time", until);
      }
      return Body(PauseReport{until == 0 ? absl::InfinitePast() : absl::FromUnixMicros(until),
                              report.pause().reason().substr(0, kMaxReason)});
    }
    case v1::Report::kPackages: {
      ASSIGN_OR_RETURN(resource::PackageReport packages, wire::FromProto(report.packages()));
      return Body(std::move(packages));
    }
    case v1::Report::BODY_NOT_SET:
      break;
  }
  return InvalidArgument(
      "a record of a kind that this server does not know; is the agent newer than the server?");
}

}  // namespace

std::vector<Ingest> RecordsOf(const std::string& host, const v1::ReportList& reports) {
  std::vector<Ingest> records;
  for (const v1::Report& report : reports.reports()) {
    if (report.sequence() == 0) {
      continue;
    }
    Ingest record;
    record.sequence = report.sequence();
    record.recorded = absl::FromUnixMicros(report.recorded_us());
    auto body = BodyOf(host, report, record.recorded);
    record.body =
        body.ok() ? *std::move(body) : Body(Unreadable{std::string(Message(body.status()))});
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace fettle::server
