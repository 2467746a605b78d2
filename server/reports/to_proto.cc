// SPDX-License-Identifier: Apache-2.0
#include "server/reports/to_proto.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/evidence/statement.h"
#include "lib/policy/revision.h"
#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

v1::Presence ToProto(Presence presence) {
  switch (presence) {
    case Presence::kNeverSeen:
      return v1::PRESENCE_NEVER_SEEN;
    case Presence::kConnected:
      return v1::PRESENCE_CONNECTED;
    case Presence::kSilent:
      return v1::PRESENCE_SILENT;
    case Presence::kRevoked:
      return v1::PRESENCE_REVOKED;
  }
  return v1::PRESENCE_UNSPECIFIED;
}

v1::DriftOutcome ToProto(DriftOutcome outcome) {
  switch (outcome) {
    case DriftOutcome::kOpen:
      return v1::DRIFT_OPEN;
    case DriftOutcome::kCorrected:
      return v1::DRIFT_CORRECTED;
    case DriftOutcome::kFailed:
      return v1::DRIFT_FAILED;
    case DriftOutcome::kEnded:
      return v1::DRIFT_ENDED;
  }
  return v1::DRIFT_UNSPECIFIED;
}

std::string NameOf(int64_t number) {
  return number == 0 ? "" : fmt::format("r{}", number);
}

}  // namespace

int64_t TimeToProto(absl::Time time) {
  const bool known = time != absl::InfinitePast() && time != absl::InfiniteFuture();
  return known ? absl::ToUnixMicros(time) : 0;
}

absl::Time SinceFromProto(int64_t micros) {
  return micros <= 0 ? absl::InfinitePast() : absl::FromUnixMicros(micros);
}

absl::Time UntilFromProto(int64_t micros) {
  return micros == 0 ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}

v1::Host ToProto(const HostView& host) {
  const HostRecord& record = host.record;
  v1::Host out;
  out.set_name(record.name);
  out.set_presence(ToProto(host.presence));
  out.set_last_seen_us(TimeToProto(record.last_seen));
  out.set_channel(record.channel);
  out.set_revision(record.revision);
  out.set_assigned_revision(host.assigned);
  out.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  *out.mutable_counts() = wire::ToProto(record.counts);
  out.set_agent_version(record.agent_version);
  out.set_last_run_us(TimeToProto(record.last_run));
  out.set_last_run_error(record.last_run_error);
  out.set_refusal(RefusalOf(host));
  out.set_open_drift(record.open_drift);
  out.set_os(record.os);
  out.set_address(record.address);
  out.set_certificate_expires_us(TimeToProto(record.certificate_expires));
  out.set_paused_until_us(TimeToProto(record.paused_until));
  out.set_pause_reason(record.pause_reason);
  if (!record.report_key.empty()) {
    out.set_report_key(evidence::KeyFingerprint(record.report_key));
  }
  return out;
}

v1::ResourceState ToProto(const StateRecord& state) {
  const v1::ResourceReport report = wire::ToProto(state.report);
  v1::ResourceState out;
  out.set_id(report.id());
  out.set_state(report.state());
  out.set_cause(report.cause());
  out.set_since_us(TimeToProto(state.since));
  *out.mutable_differences() = report.differences();
  out.set_error(report.error());
  out.set_position(report.position());
  *out.mutable_controls() = report.controls();
  out.set_run(state.run);
  if (report.has_actor()) {
    *out.mutable_actor() = report.actor();
  }
  out.set_contended(report.contended());
  out.set_watching(wire::ToProto(state.coverage.watching));
  out.set_worst_us(absl::ToInt64Microseconds(state.coverage.worst));
  out.set_watching_why(state.coverage.why);
  return out;
}

v1::Span ToProto(const SpanRecord& span) {
  v1::Span out;
  *out.mutable_state() = ToProto(span.state);
  out.set_from_us(TimeToProto(span.state.since));
  out.set_to_us(TimeToProto(span.to));
  out.set_revision(span.state.revision);
  return out;
}

v1::DriftRecord ToProto(const DriftEntry& drift) {
  const v1::ResourceReport report = wire::ToProto(drift.report);
  v1::DriftRecord out;
  out.set_host(drift.host);
  out.set_id(report.id());
  *out.mutable_differences() = report.differences();
  out.set_outcome(ToProto(drift.outcome));
  out.set_seen_us(TimeToProto(drift.seen));
  out.set_stored_us(TimeToProto(drift.stored));
  out.set_ended_us(TimeToProto(drift.ended));
  out.set_revision(drift.revision);
  out.set_run(drift.run);
  out.set_error(report.error());
  out.set_position(report.position());
  if (report.has_actor()) {
    *out.mutable_actor() = report.actor();
  }
  out.set_contended(report.contended());
  return out;
}

v1::InstalledPackage ToProto(const InstalledPackage& package) {
  v1::InstalledPackage out;
  out.set_host(package.host);
  out.set_name(package.name);
  out.set_version(package.package.version);
  out.set_architecture(package.package.architecture);
  out.set_since_us(TimeToProto(package.since));
  return out;
}

v1::PackageChange ToProto(const PackageChange& change) {
  v1::PackageChange out;
  out.set_host(change.host);
  out.set_name(change.name);
  out.set_from(change.from.version);
  out.set_to(change.to.version);
  out.set_architecture(change.to.version.empty() ? change.from.architecture
                                                 : change.to.architecture);
  out.set_time_us(TimeToProto(change.time));
  out.set_run(change.run);
  out.set_transaction(change.transaction);
  return out;
}

v1::Token ToProto(const TokenRecord& token) {
  v1::Token out;
  out.set_id(token.id);
  out.set_subject(token.subject == Subject::kHost ? v1::SUBJECT_HOST : v1::SUBJECT_USER);
  out.set_uses_left(token.uses_left);
  out.set_expires_us(TimeToProto(token.expires));
  out.set_name(token.name);
  out.set_channel(token.channel);
  out.set_created_by(token.created_by);
  out.set_revoked(token.revoked);
  out.mutable_labels()->insert(token.labels.begin(), token.labels.end());
  return out;
}

v1::Revision ToProto(const RevisionRecord& revision,
                     std::span<const ChannelRecord> channels,
                     std::span<const HostRecord> hosts) {
  v1::Revision out;
  out.set_name(NameOf(revision.number));
  out.set_id(wire::ToProto(revision.id));
  if (const auto parsed = policy::ParseRevision(revision.statement); parsed.ok()) {
    out.set_tree(wire::ToProto(parsed->tree));
    out.set_parent(wire::ToProto(parsed->parent));
    out.set_author(parsed->author);
    out.set_message(parsed->message);
    out.set_git_commit(parsed->git_commit);
    out.set_created_us(TimeToProto(parsed->created));
  }
  out.set_published_us(TimeToProto(revision.published));
  out.set_published_by(revision.published_by);
  out.set_signed_by(revision.signed_by);
  out.set_statement(revision.statement);
  out.set_signature(revision.signature);
  for (const ChannelRecord& channel : channels) {
    if (channel.revision_id == revision.id) {
      out.add_channels(channel.name);
    }
  }
  out.set_hosts(
      static_cast<uint32_t>(std::count_if(hosts.begin(), hosts.end(), [&](const HostRecord& host) {
        return host.revision_id == revision.id;
      })));
  return out;
}

v1::Channel ToProto(const ChannelRecord& channel, std::span<const HostRecord> hosts) {
  v1::Channel out;
  out.set_name(channel.name);
  out.set_revision(NameOf(channel.revision_number));
  out.set_revision_id(wire::ToProto(channel.revision_id));
  out.set_changed_us(TimeToProto(channel.changed));
  out.set_changed_by(channel.changed_by);
  out.set_hosts(
      static_cast<uint32_t>(std::count_if(hosts.begin(), hosts.end(), [&](const HostRecord& host) {
        return host.channel == channel.name;
      })));
  return out;
}

absl::StatusOr<Subject> FromProto(v1::Subject subject) {
  switch (subject) {
    case v1::SUBJECT_HOST:
      return Subject::kHost;
    case v1::SUBJECT_USER:
      return Subject::kUser;
    default:
      return InvalidArgument("the subject is neither a host nor a user ({})",
                             static_cast<int>(subject));
  }
}

}  // namespace fettle::server
