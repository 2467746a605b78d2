// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/policy/tree.h"
#include "lib/recipe/evaluate.h"
#include "lib/resource/value.h"

// Rules over the fleet: rules/*.lua of a policy tree, see docs/compliance.md. They look at what is
// known of hosts and say which are as they should be; they cannot reach anything else.
namespace fettle::recipe {

struct Rule {
  std::string name;  // "no-unsupported-os".
  std::string title;
  std::vector<std::string> controls;  // That it is there for; its own name if it says none.
  std::string when;                   // The filter of the hosts that it is for; "" all. Unchecked.
  bool fleet = false;                 // It collects from all hosts before it judges any.
  std::string position;               // "rules/os.lua:3".
  bool operator==(const Rule&) const = default;
};

// Whether a tree's file is one of rules.
bool IsRuleFile(std::string_view path);

// The rules of a tree. A value; not changed by those who use it.
class Rules {
 public:
  // Runs the files, each in an environment of its own, to learn what they declare.
  static Rules Read(const policy::Tree& tree);

  const std::vector<Rule>& all() const { return all_; }

  // All that is wrong, a line each: "rules/os.lua:3: …". A file with a problem has no rules.
  const std::vector<std::string>& problems() const { return problems_; }

  // By path; those without problems.
  const std::map<std::string, std::string>& sources() const { return sources_; }

 private:
  std::vector<Rule> all_;
  std::vector<std::string> problems_;
  std::map<std::string, std::string> sources_;
};

struct RuleVerdict {
  enum class State : uint8_t { kHolds, kBroken, kNotApplicable, kUnknown };
  State state = State::kUnknown;
  std::string message;  // Of kBroken what the rule says, of kUnknown why.
  bool operator==(const RuleVerdict&) const = default;
};

// What a rule of the fleet says: the same of all hosts, or which of them are off.
struct FleetVerdict {
  RuleVerdict all;
  std::map<std::string, std::string> broken;  // Host -> why; only if all.state is kHolds.
};

// Asks rules. Each call has the limits for itself; a rule that passes one, or raises, is unknown,
// and no other one suffers from it. One that passed limits kMostDeaths times, or took kMostTime of
// the processor in all, is not asked again. One thread.
class RuleRun {
 public:
  static constexpr std::size_t kMemory = 64U << 20;
  static constexpr uint64_t kInstructions = 5'000'000;
  static constexpr int kMostDeaths = 3;  // It may have been the host.
  static constexpr absl::Duration kMostTime = absl::Seconds(10);

  // `rules` must outlive it.
  explicit RuleRun(const Rules& rules, const Limits& limits = DefaultLimits());
  ~RuleRun();
  RuleRun(const RuleRun&) = delete;
  RuleRun& operator=(const RuleRun&) = delete;

  static Limits DefaultLimits();

  // What the rule `index` of all(), not one of the fleet, says of a host (a map).
  RuleVerdict Check(std::size_t index, const resource::Value& host);

  // What a rule of the fleet takes from a host. kInvalidArgument says why it could not.
  absl::StatusOr<resource::Value> Collect(std::size_t index, const resource::Value& host);

  // What it concludes from what it took, by name of host.
  FleetVerdict Conclude(std::size_t index, const std::map<std::string, resource::Value>& collected);

 private:
  friend class Rules;
  class Machine;

  // What a rule came to.
  struct Account {
    absl::Duration spent;
    int deaths = 0;
    std::string ended;  // Why it is not asked again; "" for who is.
  };

  // Ready to be asked, after a limit was passed too; null: the reason is in `why`.
  Machine* Ready(std::string* why);

  // Machine::Ask() with the rule's account.
  template <typename Take>
  bool Ask(std::size_t index,
           const char* name,
           const resource::Value& argument,
           Take take,
           std::string* why);

  const Rules& rules_;
  const Limits limits_;
  std::unique_ptr<Machine> machine_;
  std::vector<Account> accounts_;  // By rule.
};

}  // namespace fettle::recipe
