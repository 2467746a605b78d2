// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/recipe/rules.h"
#include "server/fleet/host_view.h"
#include "server/store/store.h"

namespace fettle::server {

// What the rules of revisions (lib/recipe/rules.h) are asked about.
struct RuleQuestion {
  // The whole fleet, as FindHosts() gives it of `at`, when a rule looks at all of it; else those
  // that are judged.
  const std::vector<HostView>* hosts = nullptr;
  std::set<std::string> judged;  // Names of those that are told of.
  // By name of the revision; each judges the hosts that enforce it. null: it has none.
  std::map<std::string, std::shared_ptr<const recipe::Rules>> rules;
  const std::vector<ControlState>* states = nullptr;  // Of the resources that name controls.
  absl::Time at = absl::InfiniteFuture();             // InfiniteFuture: now.
  absl::Time now;
  bool sees_all = true;  // Whether who asks may know what rules say of the fleet as a whole.
};

// Asks rules of hosts, and remembers what they answered for as long as nothing changed that they
// can look at. Safe from any thread.
class RuleBook {
 public:
  explicit RuleBook(Store& store) : store_(store) {}

  // What the rules say, as states of resources "rule:NAME" with the controls of the rule: ok,
  // failed with what it says, or unknown and why. Since when is known from when this process first
  // saw it on; of a moment that passed, it is that. What is wrong with a rule's filter goes to
  // `problems`. Errors of the store.
  absl::StatusOr<std::vector<ControlState>> Judge(const RuleQuestion& question,
                                                  std::vector<std::string>* problems)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Judging;

  // What one rule answered of one host.
  struct Answer {
    bool applies = false;
    recipe::RuleVerdict verdict;                                    // Of a rule of hosts.
    absl::StatusOr<resource::Value> collected = resource::Value();  // Of one of the fleet.
  };

  struct Remembered {
    Digest inputs;
    std::shared_ptr<const std::vector<Answer>> answers;  // By rule.
  };

  struct Since {
    recipe::RuleVerdict verdict;
    absl::Time since;
  };

  Store& store_;
  absl::Mutex mutex_;
  // By revision and host; those of now.
  std::map<std::pair<std::string, std::string>, Remembered> remembered_ ABSL_GUARDED_BY(mutex_);
  // By host and resource.
  std::map<std::pair<std::string, std::string>, Since> since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
