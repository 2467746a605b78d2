// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

#include "fettle/v1/report.pb.h"
#include "lib/resource/coverage.h"
#include "lib/resource/report.h"

// What a host reports, between its protobuf form and ours. To* never fails. From* refuses with
// kInvalidArgument what no agent of ours writes: unknown states, digests of the wrong length, empty
// ids, times out of range.
namespace fettle::wire {

v1::ResourceReport ToProto(const resource::ResourceReport& report);
v1::RunReport ToProto(const resource::RunReport& report);
v1::Difference ToProto(const resource::DifferenceRecord& record);
v1::RunCounts ToProto(const resource::RunCounts& counts);
v1::Actor ToProto(const resource::Actor& actor);
v1::Watching ToProto(resource::Watching watching);
// By id.
v1::Coverage ToProto(const std::map<std::string, resource::Coverage>& coverage);
v1::State ToProto(resource::State state);
v1::Cause ToProto(resource::Cause cause);

absl::StatusOr<resource::ResourceReport> FromProto(const v1::ResourceReport& report);
absl::StatusOr<resource::RunReport> FromProto(const v1::RunReport& report);
absl::StatusOr<resource::DifferenceRecord> FromProto(const v1::Difference& record);
absl::StatusOr<resource::State> FromProto(v1::State state);
absl::StatusOr<resource::Cause> FromProto(v1::Cause cause);
resource::RunCounts FromProto(const v1::RunCounts& counts);
resource::Actor FromProto(const v1::Actor& actor);
std::map<std::string, resource::Coverage> FromProto(const v1::Coverage& coverage);

// An empty text is the empty digest.
absl::StatusOr<Digest> DigestFromProto(const std::string& bytes);
std::string ToProto(const Digest& digest);

}  // namespace fettle::wire
