// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "fettle/v1/fleet.pb.h"
#include "server/store/types.h"

// What people ask of the fleet, checked and made into values. Pure.
namespace fettle::server {

// The labels of a host after a change: `remove` first, then `set`. kInvalidArgument names the label
// whose name or value cannot be, or that there are too many; kNotFound one to remove that is not
// there.
absl::StatusOr<Labels> ChangeLabels(Labels labels, const v1::UpdateHostRequest& request);

// A label's name has 1 to 63 of letters, digits and . _ - /; its value 1 to 255 printable bytes
// without blanks, commas or equals signs.
absl::Status CheckLabel(std::string_view name, std::string_view value);

// The token that is asked for, but for its id and secret. `default_channel` is what hosts follow
// unless the request says otherwise.
absl::StatusOr<TokenRecord> TokenFor(const v1::CreateTokenRequest& request,
                                     const std::string& default_channel,
                                     const std::string& created_by,
                                     absl::Time now);

}  // namespace fettle::server
