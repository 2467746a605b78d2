// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/identity/identity.h"
#include "agent/link/events.h"

namespace fettle::agent {

// Renews the certificate in good time: half its life before the end, with a new key each time.
// Tells when, makes the request, judges the answer; the daemon carries them. One thread.
class Renewal {
 public:
  Renewal(IdentityFiles& files, HostIdentity identity)
      : files_(files), identity_(std::move(identity)) {}

  const HostIdentity& identity() const { return identity_; }

  // From when on a renewal is due, by the wall clock.
  absl::Time DueAt() const;

  // When to ask, after a failure too.
  absl::Time NextTry() const { return std::max(DueAt(), not_before_); }

  // Whether to ask now. after a failure, not before a twentieth of the certificate's life has
  // passed.
  bool Due(absl::Time now) const { return now >= NextTry(); }

  // A request for a new certificate with a new key, which is on disk when this returns.
  absl::StatusOr<std::string> Begin(absl::Time now);

  // Takes the new certificate over if it is good: for this host, for the new key, valid now, signed
  // by an authority that we trust already. A new authority can thus only come in beside the old
  // one. On success identity() is the new one; otherwise everything stays as it is.
  absl::Status Finish(const link::Renewed& renewed, absl::Time now);

 private:
  absl::Duration Life() const { return identity_.not_after - identity_.not_before; }

  IdentityFiles& files_;
  HostIdentity identity_;
  absl::Time not_before_ = absl::InfinitePast();  // Of the next try.
};

}  // namespace fettle::agent
