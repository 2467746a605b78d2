// SPDX-License-Identifier: Apache-2.0
#include "agent/link/encode.h"

#include <google/protobuf/repeated_field.h>

#include "fettle/v1/report.pb.h"
#include "lib/wire/package_wire.h"
#include "lib/wire/report_wire.h"

namespace fettle::link {
namespace {

constexpr std::size_t kMaxReasonBytes = 64U << 10;

using Resources = google::protobuf::RepeatedPtrField<v1::ResourceReport>;

void DropDiffs(Resources* resources) {
  for (v1::ResourceReport& resource : *resources) {
    for (v1::Difference& difference : *resource.mutable_differences()) {
      if (!difference.diff().empty()) {
        difference.set_diff("(left out: the report of this run was too large)");
      }
    }
  }
}

void DropDifferences(Resources* resources) {
  for (v1::ResourceReport& resource : *resources) {
    resource.clear_differences();
  }
}

// The resources in the order of what may least be left out.
void KeepGravest(std::size_t most, v1::RunReport* run) {
  Resources kept;
  std::size_t bytes = 0;
  for (const v1::State state : {v1::STATE_FAILED,
                                v1::STATE_BLOCKED,
                                v1::STATE_REVERTED,
                                v1::STATE_DRIFTED,
                                v1::STATE_UNKNOWN,
                                v1::STATE_SKIPPED,
                                v1::STATE_CHANGED,
                                v1::STATE_OK}) {
    for (v1::ResourceReport& resource : *run->mutable_resources()) {
      constexpr std::size_t kOverhead = 8;
      const std::size_t size = resource.ByteSizeLong() + kOverhead;
      if (resource.state() == state && bytes + size <= most) {
        bytes += size;
        *kept.Add() = std::move(resource);
      }
    }
  }
  run->mutable_resources()->Swap(&kept);
  run->set_partial(true);  // Of those left out it says nothing.
}

}  // namespace

std::string EncodeRun(const resource::RunReport& run, std::size_t most) {
  v1::Report report;
  *report.mutable_run() = wire::ToProto(run);
  if (report.ByteSizeLong() > most) {
    DropDiffs(report.mutable_run()->mutable_resources());
  }
  if (report.ByteSizeLong() > most) {
    DropDifferences(report.mutable_run()->mutable_resources());
  }
  if (report.ByteSizeLong() > most) {
    KeepGravest(most - most / 8, report.mutable_run());
  }
  return report.SerializeAsString();
}

std::string EncodeSnapshot(const Snapshot& snapshot, std::size_t most) {
  v1::Report report;
  v1::StateSnapshot& proto = *report.mutable_snapshot();
  proto.set_catalog(wire::ToProto(snapshot.catalog));
  proto.set_revision(snapshot.revision);
  proto.set_states(wire::ToProto(snapshot.states));
  for (const SnapshotEntry& entry : snapshot.entries) {
    v1::StateSnapshot::Entry& one = *proto.add_entries();
    one.set_id(entry.id);
    one.set_state(wire::ToProto(resource::RestingState(entry.state)));
    one.set_position(entry.position);
    for (const std::string& control : entry.controls) {
      one.add_controls(control);
    }
  }
  if (report.ByteSizeLong() > most) {
    for (v1::StateSnapshot::Entry& entry : *proto.mutable_entries()) {
      entry.clear_position();
      entry.clear_controls();
    }
  }
  return report.SerializeAsString();
}

std::string EncodeFacts(std::string_view json) {
  v1::Report report;
  report.mutable_facts()->set_json(std::string(json));
  return report.SerializeAsString();
}

std::string EncodeCoverage(const std::map<std::string, resource::Coverage>& coverage,
                           std::size_t most) {
  v1::Report report;
  *report.mutable_coverage() = wire::ToProto(coverage);
  if (report.ByteSizeLong() > most) {
    for (v1::Coverage::Entry& entry : *report.mutable_coverage()->mutable_entries()) {
      entry.clear_why();
    }
  }
  return report.SerializeAsString();
}

std::string EncodePause(absl::Time until, std::string_view reason) {
  v1::Report report;
  const bool paused = until != absl::InfinitePast();
  report.mutable_pause()->set_until_us(paused ? absl::ToUnixMicros(until) : 0);
  report.mutable_pause()->set_reason(std::string(reason.substr(0, kMaxReasonBytes)));
  return report.SerializeAsString();
}

std::string EncodePackages(const resource::PackageReport& packages, std::size_t most) {
  v1::Report report;
  *report.mutable_packages() = wire::ToProto(packages);
  if (report.ByteSizeLong() > most) {
    report.mutable_packages()->clear_transactions();
    for (v1::Packages::Entry& entry : *report.mutable_packages()->mutable_entries()) {
      entry.clear_transaction();
    }
  }
  return report.SerializeAsString();
}

std::string EncodeRefusal(std::string_view revision, const Digest& id, std::string_view reason) {
  v1::Report report;
  v1::Refusal& refusal = *report.mutable_refusal();
  refusal.set_revision(std::string(revision));
  refusal.set_revision_id(wire::ToProto(id));
  refusal.set_reason(std::string(reason.substr(0, kMaxReasonBytes)));
  return report.SerializeAsString();
}

}  // namespace fettle::link
