// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "fettle/v1/fleet.pb.h"
#include "fettle/v1/history.pb.h"
#include "fettle/v1/policy.pb.h"
#include "server/fleet/host_view.h"
#include "server/store/packages.h"
#include "server/store/types.h"

// What people are shown, as protobuf. Times that are not known are 0.
namespace fettle::server {

int64_t TimeToProto(absl::Time time);

// The inverse for what people ask: 0 is InfinitePast.
absl::Time SinceFromProto(int64_t micros);
// Likewise, 0 is InfiniteFuture.
absl::Time UntilFromProto(int64_t micros);

v1::Host ToProto(const HostView& host);
v1::ResourceState ToProto(const StateRecord& state);
v1::Span ToProto(const SpanRecord& span);
v1::DriftRecord ToProto(const DriftEntry& drift);
v1::InstalledPackage ToProto(const InstalledPackage& package);
v1::PackageChange ToProto(const PackageChange& change);
v1::Token ToProto(const TokenRecord& token);

// With the channels that point to it and the number of `hosts` that enforce it.
v1::Revision ToProto(const RevisionRecord& revision,
                     std::span<const ChannelRecord> channels,
                     std::span<const HostRecord> hosts);
v1::Channel ToProto(const ChannelRecord& channel, std::span<const HostRecord> hosts);

// kInvalidArgument for "unspecified" and what is unknown.
absl::StatusOr<Subject> FromProto(v1::Subject subject);

}  // namespace fettle::server
