// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "agent/link/events.h"
#include "fettle/v1/link.pb.h"

namespace fettle::link {

// What a message of the link says; nullopt for one of a kind that this agent does not know.
// kInvalidArgument for digests of the wrong length and values out of range. Not for blobs.
absl::StatusOr<std::optional<Event>> EventFromProto(v1::FromLink message);

}  // namespace fettle::link
