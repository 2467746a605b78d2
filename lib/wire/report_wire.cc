// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/report_wire.h"

#include <string>

#include "lib/base/status_macros.h"

namespace fettle::wire {
namespace {

constexpr int64_t kLatest =
    int64_t{4'102'444'800} * 1'000'000;  // Year 2100: later is a broken clock or a broken sender.

absl::StatusOr<absl::Time> TimeFromMicros(int64_t micros) {
  if (micros < 0 || micros > kLatest) {
    return InvalidArgument("time {} microseconds is out of range", micros);
  }
  return absl::FromUnixMicros(micros);
}

absl::StatusOr<absl::Duration> DurationFromMicros(int64_t micros) {
  if (micros < 0) {
    return InvalidArgument("duration {} microseconds is negative", micros);
  }
  return absl::Microseconds(micros);
}

}  // namespace

v1::State ToProto(resource::State state) {
  return static_cast<v1::State>(static_cast<int>(state) + 1);  // Zero is "unspecified".
}

v1::Cause ToProto(resource::Cause cause) {
  return static_cast<v1::Cause>(cause);
}

absl::StatusOr<resource::State> FromProto(v1::State state) {
  if (!v1::State_IsValid(state) || state == v1::STATE_UNSPECIFIED) {
    return InvalidArgument("resource state {} is unknown here", static_cast<int>(state));
  }
  return static_cast<resource::State>(static_cast<int>(state) - 1);
}

absl::StatusOr<resource::Cause> FromProto(v1::Cause cause) {
  if (!v1::Cause_IsValid(cause)) {
    return InvalidArgument("cause {} is unknown here", static_cast<int>(cause));
  }
  return static_cast<resource::Cause>(cause);
}

std::string ToProto(const Digest& digest) {
  return digest.empty() ? std::string() : std::string(digest.Raw());
}

absl::StatusOr<Digest> DigestFromProto(const std::string& bytes) {
  return bytes.empty() ? Digest{} : Digest::FromRaw(bytes);
}

v1::Difference ToProto(const resource::DifferenceRecord& record) {
  v1::Difference out;
  out.set_attribute(record.attribute);
  out.set_current(record.current);
  out.set_desired(record.desired);
  out.set_last_set(record.last_set);
  out.set_diff(record.diff);
  out.set_cause(ToProto(record.cause));
  return out;
}

absl::StatusOr<resource::DifferenceRecord> FromProto(const v1::Difference& record) {
  resource::DifferenceRecord out;
  out.attribute = record.attribute();
  out.current = record.current();
  out.desired = record.desired();
  out.last_set = record.last_set();
  out.diff = record.diff();
  ASSIGN_OR_RETURN(out.cause, FromProto(record.cause()));
  return out;
}

v1::Actor ToProto(const resource::Actor& actor) {
  v1::Actor out;
  out.set_certainty(static_cast<v1::Actor::Certainty>(actor.certainty));
  out.set_pid(actor.pid);
  out.set_executable(actor.executable);
  out.set_command(actor.command);
  out.set_user(actor.user);
  out.set_login(actor.login);
  out.set_unit(actor.unit);
  out.set_ssh_source(actor.ssh_source);
  out.set_transaction(actor.transaction);
  out.set_note(actor.note);
  return out;
}

resource::Actor FromProto(const v1::Actor& actor) {
  using Certainty = resource::Actor::Certainty;
  resource::Actor out;
  out.certainty = actor.certainty() == v1::Actor::CERTAIN    ? Certainty::kCertain
                  : actor.certainty() == v1::Actor::PROBABLE ? Certainty::kProbable
                                                             : Certainty::kUnknown;
  out.pid = actor.pid();
  out.executable = actor.executable();
  out.command = actor.command();
  out.user = actor.user();
  out.login = actor.login();
  out.unit = actor.unit();
  out.ssh_source = actor.ssh_source();
  out.transaction = actor.transaction();
  out.note = actor.note();
  return out;
}

v1::Watching ToProto(resource::Watching watching) {
  return static_cast<v1::Watching>(watching);
}

v1::Coverage ToProto(const std::map<std::string, resource::Coverage>& coverage) {
  v1::Coverage out;
  for (const auto& [id, one] : coverage) {
    v1::Coverage::Entry& entry = *out.add_entries();
    entry.set_id(id);
    entry.set_watching(ToProto(one.watching));
    entry.set_worst_us(absl::ToInt64Microseconds(one.worst));
    entry.set_why(one.why);
  }
  return out;
}

std::map<std::string, resource::Coverage> FromProto(const v1::Coverage& coverage) {
  std::map<std::string, resource::Coverage> out;
  for (const v1::Coverage::Entry& entry : coverage.entries()) {
    const bool known = entry.watching() <= v1::WATCHING_SWEEP && entry.watching() >= 0;
    out[entry.id()] = {
        known ? static_cast<resource::Watching>(entry.watching()) : resource::Watching::kUnknown,
        absl::Microseconds(entry.worst_us()),
        entry.why()};
  }
  return out;
}

v1::RunCounts ToProto(const resource::RunCounts& counts) {
  v1::RunCounts out;
  out.set_ok(counts.ok);
  out.set_unknown(counts.unknown);
  out.set_skipped(counts.skipped);
  out.set_changed(counts.changed);
  out.set_drifted(counts.drifted);
  out.set_failed(counts.failed);
  out.set_reverted(counts.reverted);
  out.set_blocked(counts.blocked);
  return out;
}

resource::RunCounts FromProto(const v1::RunCounts& counts) {
  resource::RunCounts out;
  out.ok = counts.ok();
  out.unknown = counts.unknown();
  out.skipped = counts.skipped();
  out.changed = counts.changed();
  out.drifted = counts.drifted();
  out.failed = counts.failed();
  out.reverted = counts.reverted();
  out.blocked = counts.blocked();
  return out;
}

v1::ResourceReport ToProto(const resource::ResourceReport& report) {
  v1::ResourceReport out;
  out.set_id(report.id);
  out.set_state(ToProto(report.state));
  out.set_cause(ToProto(report.cause));
  for (const auto& difference : report.differences) {
    *out.add_differences() = ToProto(difference);
  }
  out.set_error(report.error);
  out.set_root_cause(report.root_cause);
  out.set_refreshed(report.refreshed);
  out.set_position(report.position);
  for (const auto& control : report.controls) {
    out.add_controls(control);
  }
  out.set_duration_us(absl::ToInt64Microseconds(report.duration));
  if (report.actor.has_value()) {
    *out.mutable_actor() = ToProto(*report.actor);
  }
  out.set_contended(report.contended);
  return out;
}

absl::StatusOr<resource::ResourceReport> FromProto(const v1::ResourceReport& report) {
  if (report.id().empty()) {
    return InvalidArgument("a resource report without an id");
  }
  resource::ResourceReport out;
  out.id = report.id();
  ASSIGN_OR_RETURN(out.state, FromProto(report.state()));
  ASSIGN_OR_RETURN(out.cause, FromProto(report.cause()));
  for (const auto& difference : report.differences()) {
    ASSIGN_OR_RETURN(auto record, FromProto(difference));
    out.differences.push_back(std::move(record));
  }
  out.error = report.error();
  out.root_cause = report.root_cause();
  out.refreshed = report.refreshed();
  out.position = report.position();
  out.controls.assign(report.controls().begin(), report.controls().end());
  ASSIGN_OR_RETURN(out.duration, DurationFromMicros(report.duration_us()));
  if (report.has_actor()) {
    out.actor = FromProto(report.actor());
  }
  out.contended = report.contended();
  return out;
}

v1::RunReport ToProto(const resource::RunReport& report) {
  v1::RunReport out;
  out.set_id(report.id);
  out.set_host(report.host);
  out.set_revision(report.revision);
  out.set_catalog(ToProto(report.catalog));
  out.set_reason(report.reason);
  out.set_enforce(report.enforce);
  out.set_partial(report.partial);
  out.set_started_us(absl::ToUnixMicros(report.started));
  out.set_duration_us(absl::ToInt64Microseconds(report.duration));
  *out.mutable_counts() = ToProto(report.counts);
  for (const auto& resource : report.resources) {
    *out.add_resources() = ToProto(resource);
  }
  out.set_error(report.error);
  out.set_states(ToProto(report.states));
  return out;
}

absl::StatusOr<resource::RunReport> FromProto(const v1::RunReport& report) {
  if (report.id().empty()) {
    return InvalidArgument("a run report without an id");
  }
  resource::RunReport out;
  out.id = report.id();
  out.host = report.host();
  out.revision = report.revision();
  ASSIGN_OR_RETURN(out.catalog, DigestFromProto(report.catalog()));
  out.reason = report.reason();
  out.enforce = report.enforce();
  out.partial = report.partial();
  ASSIGN_OR_RETURN(out.started, TimeFromMicros(report.started_us()));
  ASSIGN_OR_RETURN(out.duration, DurationFromMicros(report.duration_us()));
  out.counts = FromProto(report.counts());
  for (const auto& resource : report.resources()) {
    ASSIGN_OR_RETURN(auto one, FromProto(resource));
    out.resources.push_back(std::move(one));
  }
  out.error = report.error();
  ASSIGN_OR_RETURN(out.states, DigestFromProto(report.states()));
  return out;
}

}  // namespace fettle::wire
