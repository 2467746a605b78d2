// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"

#include "fettle/v1/report.pb.h"
#include "lib/resource/packages.h"

// What a host reports of its packages, between its protobuf form and ours. FromProto refuses with
// kInvalidArgument what no agent of ours writes: names and versions that are empty, too long or
// hold blanks, a name twice, more packages than any host has.
namespace fettle::wire {

v1::Packages ToProto(const resource::PackageReport& packages);
absl::StatusOr<resource::PackageReport> FromProto(const v1::Packages& packages);

}  // namespace fettle::wire
