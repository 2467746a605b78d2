// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "lib/digest/digest.h"
#include "server/compliance/assessor.h"
#include "server/fleet/host_view.h"
#include "server/notify/notice.h"
#include "server/store/store.h"

namespace fettle::server::notify {

// What is worth telling, of the whole fleet, at one time.
struct Observation {
  Standing standing;
  std::vector<Notice> passed;             // Drift that came and went since the last look.
  std::map<std::string, HostView> hosts;  // All that are not revoked.
  bool cut = false;                       // There is more than is looked at.
  absl::Status problem;                   // What could not be looked at; the rest was.
};

// Something of the server's own that ends.
struct Ending {
  std::string subject;  // "certificate of the server".
  absl::Time ends;
  absl::Duration before;  // So long before that it is told.
  std::string remedy;     // What to do, one sentence.
};

// Looks at what is stored. Costs one reading of the table of hosts and of open drift, and the
// states of those hosts that have failures and reported since the last look. Used by one thread.
class Observer {
 public:
  struct Options {
    absl::Duration heartbeat;
    absl::Duration host_certificate;  // How long those of hosts are good for.
    // Certificates of the server's own; asked at every look.
    std::function<std::vector<Ending>()> endings = [] { return std::vector<Ending>(); };
  };

  static constexpr std::size_t kMostStanding = 50'000;
  static constexpr uint32_t kMostDrift = 20'000;
  static constexpr uint32_t kMostPassed = 2'000;
  // Reports of hosts that were away come late; drift that ended longer ago is not told.
  static constexpr absl::Duration kLookBack = absl::Hours(24);
  // Waivers are told of so long before they end.
  static constexpr absl::Duration kWaiverBefore = absl::Hours(24 * 14);

  // `cursor`: drift stored until then was seen before. All must outlive it.
  Observer(Store& store, const Clock& clock, Options options, absl::Time cursor);

  // `told`: whether silence of this host was told before. Such a host is silent until it is heard;
  // any other only once this server has listened for as long as it takes to be silent.
  absl::StatusOr<Observation> Observe(const std::function<bool(const Key&)>& told);

  // What the next server begins with.
  absl::Time cursor() const { return cursor_; }

 private:
  struct States {
    Digest digest;
    absl::Time last_run;
    std::vector<Notice> notices;
  };

  using DriftId = std::pair<absl::Time, std::string>;  // When it was stored; the rest.

  absl::Status AddStates(const HostView& host, Observation* observation);
  absl::Status AddDrift(Observation* observation);
  void AddPassed(const std::vector<DriftEntry>& entries, Observation* observation);
  void AddEndings(Observation* observation);
  bool IsSilent(const HostView& host, const std::function<bool(const Key&)>& told) const;

  Store& store_;
  const Clock& clock_;
  const Options options_;
  const absl::Time started_;
  Assessor assessor_;
  absl::Time cursor_;
  bool looked_ = false;
  std::vector<Assessment::WaiverNote> waivers_;
  std::set<DriftId> seen_;                // Stored shortly before the cursor.
  std::map<std::string, States> states_;  // Of hosts with failures.
};

// What a host's record says of it, but for silence. Pure.
std::vector<Notice> NoticesOf(const HostView& host,
                              absl::Duration host_certificate,
                              absl::Time now);

// Of one resource that failed or was put back. Pure.
Notice NoticeOf(const std::string& host, const StateRecord& state);

// Of drift, open or not. Pure.
Notice NoticeOf(const DriftEntry& entry);

}  // namespace fettle::server::notify
