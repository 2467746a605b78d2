// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/resource/report.h"
#include "server/store/packages.h"
#include "server/store/types.h"

// What was, at a moment and over a time. Times of states, facts and runs are the host's clock. What
// is older than is kept is not there, and neither is what came before the host's first report.
namespace fettle::server {

// From `since` to `until`, both included; at most `most` answers, the newest.
struct Window {
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  uint32_t most = 200;
};

// A host as it was.
struct HostThen {
  resource::RunCounts counts;  // Of the states that its resources rested in.
  uint32_t open_drift = 0;
  std::string revision;  // What it enforced; "" where that is not known.
};

inline constexpr std::size_t kMostPackages = 500'000;

struct HostSpan {
  std::string host;
  SpanRecord span;
};

struct DriftTime {
  std::string host;
  absl::Time seen;
  absl::Time ended;  // InfiniteFuture: open.
};

class HistoryStore {
 public:
  virtual ~HistoryStore() = default;

  // VisitDrift() of all hosts.
  absl::StatusOr<std::vector<DriftEntry>> Drift(const Window& window);

  // The states of a host's resources at a moment, by id: StatesOf() as it was. Without coverage.
  virtual absl::StatusOr<std::vector<StateRecord>> StatesAt(const std::string& host,
                                                            absl::Time at) = 0;
  // All hosts at a moment, those of which nothing is known of then with counts of 0. Costs what
  // changed since.
  virtual absl::StatusOr<std::map<std::string, HostThen>> HostsAt(absl::Time at) = 0;
  // ReportStore's ControlStates() as it was.
  virtual absl::StatusOr<std::vector<ControlState>> ControlStatesAt(absl::Time at) = 0;
  // The facts of a host at a moment, as JSON; "" when none are known of then.
  virtual absl::StatusOr<std::string> FactsAt(const std::string& host, absl::Time at) = 0;

  // The spans of a host that lie in part in the window, newest first. `resource` "" for all.
  virtual absl::StatusOr<std::vector<SpanRecord>> Spans(const std::string& host,
                                                        const std::string& resource,
                                                        const Window& window) = 0;
  // The spans of all hosts that began in the window, newest first.
  virtual absl::StatusOr<std::vector<HostSpan>> Changes(const Window& window) = 0;
  // Gives `visit` the drift that was there at some time of the window, newest first, until it
  // answers false; only of hosts that `host` holds of. Only what is given is read as a whole.
  // Window::most is how many are looked at, of whatever host. Answers when the oldest of them was
  // seen if there may be more, InfinitePast if that was all.
  virtual absl::StatusOr<absl::Time> VisitDrift(
      const Window& window,
      const std::function<bool(const std::string&)>& host,
      const std::function<bool(const DriftEntry&)>& visit) = 0;
  // The times alone of the same.
  virtual absl::StatusOr<std::vector<DriftTime>> DriftTimes(const Window& window) = 0;
  // Runs that started in the window, newest first, without resources. `host` "" for all.
  virtual absl::StatusOr<std::vector<resource::RunReport>> Runs(const std::string& host,
                                                                const Window& window) = 0;

  // The packages that are installed, or were at a moment. kInvalidArgument for more than
  // kMostPackages.
  virtual absl::StatusOr<PackageList> Packages(const PackageWanted& wanted, absl::Time at) = 0;
  // Packages that came, went, or came in another version in the window, newest first. What a host
  // told first of all is no change.
  virtual absl::StatusOr<std::vector<PackageChange>> PackageChanges(const PackageWanted& wanted,
                                                                    const Window& window) = 0;
};

}  // namespace fettle::server
