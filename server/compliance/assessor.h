// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "lib/compliance/control.h"
#include "lib/compliance/judge.h"
#include "lib/digest/digest.h"
#include "lib/recipe/rules.h"
#include "server/compliance/rule_book.h"
#include "server/fleet/host_view.h"
#include "server/store/store.h"

namespace fettle::server {

// What is asked of an assessment.
struct AssessmentScope {
  std::string filter;                      // Of hosts.
  std::string framework;                   // Only controls that stand for something in it; "" all.
  std::string control;                     // Only this one; "" all.
  bool all = false;                        // Findings of what is compliant, too.
  absl::Time at = absl::InfiniteFuture();  // As it was then; InfiniteFuture: now.
  std::function<bool(const std::string&)> shows{};  // Hosts that may be told of; null: all.
};

// How hosts stand to controls at one time.
struct Assessment {
  struct WaiverNote {
    compliance::Waiver waiver;
    std::string revision;
    bool ended = false;
  };

  struct ControlResult {
    compliance::Control control;
    compliance::Tally hosts;
  };

  struct HostResult {
    std::string host;
    std::string revision;
    compliance::Tally controls;
  };

  struct FindingResult {
    std::string control;
    std::string host;
    compliance::Verdict verdict = compliance::Verdict::kUnknown;
    std::vector<compliance::Evidence> evidence;
    std::optional<WaiverNote> waiver;
  };

  absl::Time taken;  // The moment that it tells of.
  compliance::Tally counts;
  std::vector<ControlResult> controls;  // By id.
  std::vector<HostResult> hosts;        // By name.
  // Not compliant, waived and unknown; all that apply when one control was asked for, or all. By
  // control, then host.
  std::vector<FindingResult> findings;
  bool findings_cut = false;
  std::vector<WaiverNote> waivers;
  std::vector<std::string> problems;  // What of a tree could not be read, for people.
  std::vector<std::string> caveats;   // What is not known of a moment that passed, for people.
};

// The counts at moments that passed.
struct Trend {
  struct Point {
    absl::Time at;
    compliance::Tally counts;
    uint32_t hosts = 0;  // Of which something is known of then.
  };

  std::vector<Point> points;
  std::vector<std::string> caveats;
};

// Assesses the fleet from the store. The controls and waivers that count for a host are those of
// the revision that it enforces, which somebody signed; at a moment that passed, of the one that it
// enforced then. Remembers what it read of revisions. Safe from any thread.
class Assessor {
 public:
  static constexpr std::size_t kMostFindings = 10'000;

  Assessor(Store& store,
           const Clock& clock,
           absl::Duration heartbeat,
           absl::Duration keep_history = absl::InfiniteDuration())
      : store_(store), clock_(clock), heartbeat_(heartbeat), keep_history_(keep_history) {}

  // kInvalidArgument: a bad filter; kNotFound: no such framework or control anywhere. A moment that
  // lies in the future is now.
  absl::StatusOr<Assessment> Assess(const AssessmentScope& scope) ABSL_LOCKS_EXCLUDED(mutex_);

  // The waivers of all revisions that `hosts` enforce. What cannot be read is left out, as the
  // server refused it when it was published.
  absl::StatusOr<std::vector<Assessment::WaiverNote>> Waivers(const std::vector<HostRecord>& hosts)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The counts of Assess() at each of `moments`, in their order; `scope.at` is passed over.
  // kNotFound: no such framework or control at any of them.
  absl::StatusOr<Trend> AssessTrend(AssessmentScope scope, const std::vector<absl::Time>& moments)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What a revision says of controls, and its rules.
  struct Catalog {
    compliance::ParsedControls controls;
    std::shared_ptr<const recipe::Rules> rules;
  };

  using CatalogPtr = std::shared_ptr<const Catalog>;

  // Finding no control is no error to it.
  absl::StatusOr<Assessment> AssessAt(const AssessmentScope& scope) ABSL_LOCKS_EXCLUDED(mutex_);
  // Of all hosts of `hosts`, by revision.
  absl::StatusOr<std::map<std::string, CatalogPtr>> CatalogsOf(const std::vector<HostView>& hosts,
                                                               bool past)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<CatalogPtr> CatalogOf(const Digest& revision) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<CatalogPtr> ReadCatalog(const Digest& revision);
  // The names of those of `hosts` that a waiver is for; facts are those of `at`.
  absl::StatusOr<std::set<std::string>> CoveredBy(const compliance::Waiver& waiver,
                                                  const std::vector<HostView>& hosts,
                                                  absl::Time now,
                                                  absl::Time at);
  // What the rules say of `hosts`.
  absl::StatusOr<std::vector<ControlState>> RuleStates(
      const AssessmentScope& scope,
      const std::vector<HostView>& hosts,
      const std::map<std::string, CatalogPtr>& catalogs,
      const std::vector<ControlState>& states,
      std::vector<std::string>* problems);

  Store& store_;
  const Clock& clock_;
  const absl::Duration heartbeat_;
  const absl::Duration keep_history_;
  RuleBook rules_{store_};
  absl::Mutex mutex_;
  std::map<Digest, CatalogPtr> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
