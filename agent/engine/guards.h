// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lib/base/deadline.h"
#include "lib/resource/catalog.h"
#include "lib/sys/host.h"

namespace fettle::engine {

// Whether the guards of `declaration` hold right now. nullopt when all do; otherwise why the
// resource is left alone ("only if the file /x exists, which it does not"). An error
// when a guard cannot be evaluated: a command that cannot be run says neither yes nor no.
absl::StatusOr<std::optional<std::string>> HeldBack(const resource::Declaration& declaration,
                                                    const sys::HostReader& host,
                                                    Deadline deadline);

}  // namespace fettle::engine
