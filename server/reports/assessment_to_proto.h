// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fettle/v1/compliance.pb.h"
#include "server/compliance/assessor.h"

// How hosts stand to controls, as people are shown it, as protobuf.
namespace fettle::server {

v1::VerdictCounts ToProto(const compliance::Tally& tally);

// With `details` of what is off: differences, errors, who did it.
v1::AssessResponse ToProto(const Assessment& assessment, bool details);

}  // namespace fettle::server
