// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/evidence/log_signer.h"
#include "server/store/evidence.h"

namespace fettle::server {

struct ExportRange {
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();  // Not included; now if that is earlier.
  std::string host{};                         // Only what concerns this host; "" for everything.
};

// Writes an evidence bundle (lib/evidence/bundle.h) of the range under a head that is signed now,
// piece by piece to `put`, whose error ends it. One of a host shows leaves of that host alone.
// `authority` is the fleet's certificate authority, PEM. kFailedPrecondition when the range reaches
// into history that was forgotten: says since when there is one.
absl::Status ExportBundle(EvidenceStore& store,
                          const LogSigner& signer,
                          const std::string& authority,
                          const ExportRange& range,
                          absl::Time now,
                          const std::function<absl::Status(const std::string&)>& put);

}  // namespace fettle::server
