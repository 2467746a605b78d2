// SPDX-License-Identifier: Apache-2.0
#include "server/compliance/rule_book.h"

#include <optional>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/filter/filter.h"
#include "lib/recipe/layers.h"
#include "server/fleet/host_fields.h"

namespace fettle::server {
namespace {

using recipe::Rule;
using recipe::RuleVerdict;
using resource::State;
using resource::Value;

constexpr std::size_t kMostRemembered = 100'000;

using StatesOfHost = std::map<std::string, State>;

Value::Map TextMap(const std::map<std::string, std::string>& texts) {
  Value::Map map;
  for (const auto& [key, text] : texts) {
    map.emplace(key, text);
  }
  return map;
}

Value::Map CountsOf(const resource::RunCounts& counts) {
  return {{"ok", int64_t{counts.ok}},
          {"unknown", int64_t{counts.unknown}},
          {"skipped", int64_t{counts.skipped}},
          {"changed", int64_t{counts.changed}},
          {"drifted", int64_t{counts.drifted}},
          {"failed", int64_t{counts.failed}},
          {"reverted", int64_t{counts.reverted}},
          {"blocked", int64_t{counts.blocked}}};
}

// A host as rules see it.
Value HostValue(const HostView& host, const std::string& facts, const StatesOfHost& states) {
  const HostRecord& record = host.record;
  Value::Map map{{"name", record.name},
                 {"channel", record.channel},
                 {"revision", record.revision},
                 {"presence", std::string(PresenceName(host.presence))},
                 {"labels", TextMap(record.labels)},
                 {"counts", CountsOf(record.counts)},
                 {"open_drift", int64_t{record.open_drift}}};
  const auto parsed = recipe::ParseJson(facts);
  map.emplace("facts",
              parsed.ok() && parsed->kind() == Value::Kind::kMap ? *parsed : Value(Value::Map()));
  Value::Map named;
  for (const auto& [resource, state] : states) {
    named.emplace(resource, std::string(resource::StateName(state)));
  }
  map.emplace("states", std::move(named));
  return map;
}

// All that HostValue() is made of.
Digest InputsOf(const Digest& rules,
                const HostView& host,
                const std::string& facts,
                const StatesOfHost& states) {
  const HostRecord& record = host.record;
  const resource::RunCounts& counts = record.counts;
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{} {} {} {} {} {} {} {} {}\n{} {}\n",
                                 rules.Hex(),
                                 record.channel,
                                 record.revision,
                                 PresenceName(host.presence),
                                 counts.ok,
                                 counts.unknown,
                                 counts.skipped,
                                 counts.changed,
                                 counts.drifted,
                                 counts.failed,
                                 counts.reverted,
                                 counts.blocked,
                                 record.open_drift,
                                 facts.size(),
                                 facts);
  for (const auto& [key, label] : record.labels) {
    text += fmt::format("{}={}\n", key, label);
  }
  for (const auto& [resource, state] : states) {
    text += fmt::format("{} {} {}\n", resource.size(), resource, static_cast<int>(state));
  }
  return Sha256(text);
}

Digest DigestOf(const recipe::Rules& rules) {
  std::string text;
  for (const auto& [path, source] : rules.sources()) {
    text += fmt::format("{} {}\n{}\n", path, source.size(), source);
  }
  return Sha256(text);
}

}  // namespace

// The rules of one revision, while they are asked.
class RuleBook::Judging {
 public:
  Judging(const std::string& revision,
          const recipe::Rules& rules,
          absl::Time now,
          std::vector<std::string>* problems)
      : rules_(rules), digest_(DigestOf(rules)), run_(rules) {
    for (const Rule& rule : rules.all()) {
      auto filter = filter::Filter::Parse(rule.when, HostLanguage(), now);
      if (!filter.ok()) {
        problems->push_back(fmt::format("{}: {}: the rule is asked of no host: when: {}",
                                        revision,
                                        rule.position,
                                        Message(filter.status())));
      }
      filters_.push_back(filter.ok() ? std::optional(*std::move(filter)) : std::nullopt);
      collects_ |= rule.fleet;
    }
    collected_.resize(rules.all().size());
    failed_.resize(rules.all().size());
    answers_.resize(rules.all().size());
  }

  const recipe::Rules& rules() const { return rules_; }

  const Digest& digest() const { return digest_; }

  // Whether it looks at hosts that do not enforce its revision.
  bool collects() const { return collects_; }

  std::vector<Answer> Ask(const HostView& host,
                          const std::string& facts,
                          const StatesOfHost& states,
                          bool enforces) {
    const HostFields fields(host, [&] { return facts; });
    std::vector<Answer> answers(rules_.all().size());
    std::optional<Value> value;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Rule& rule = rules_.all()[i];
      if ((!rule.fleet && !enforces) || !filters_[i].has_value() || !filters_[i]->Matches(fields)) {
        continue;
      }
      if (!value.has_value()) {
        value = HostValue(host, facts, states);
      }
      answers[i].applies = true;
      if (rule.fleet) {
        answers[i].collected = run_.Collect(i, *value);
      } else {
        answers[i].verdict = run_.Check(i, *value);
      }
    }
    return answers;
  }

  // Of a host; `tells`: it enforces the revision, and what is said of it is wanted.
  void Take(const std::string& host, const std::vector<Answer>& answers, bool tells) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].applies) {
        continue;
      }
      if (tells) {
        answers_[i][host] = answers[i].verdict;
      }
      if (rules_.all()[i].fleet && answers[i].collected.ok()) {
        collected_[i][host] = *answers[i].collected;
      } else if (rules_.all()[i].fleet && failed_[i].empty()) {
        failed_[i] = fmt::format("of {}: {}", host, Message(answers[i].collected.status()));
      }
    }
  }

  // By rule, what is told of each host.
  const std::vector<std::map<std::string, RuleVerdict>>& Conclude(bool sees_all) {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      if (rules_.all()[i].fleet && !answers_[i].empty()) {
        ConcludeFleet(i, sees_all);
      }
    }
    return answers_;
  }

 private:
  void ConcludeFleet(std::size_t i, bool sees_all) {
    recipe::FleetVerdict verdict;
    if (failed_[i].empty()) {
      verdict = run_.Conclude(i, collected_[i]);
    } else {
      verdict.all.message = failed_[i];
    }
    for (auto& [host, answer] : answers_[i]) {
      const auto broken = verdict.broken.find(host);
      answer = broken == verdict.broken.end()
                   ? verdict.all
                   : RuleVerdict{RuleVerdict::State::kBroken, broken->second};
      if (!sees_all && !answer.message.empty()) {
        answer.message = "what it says is of the whole fleet, of which you see a part";
      }
    }
  }

  const recipe::Rules& rules_;
  const Digest digest_;
  recipe::RuleRun run_;
  std::vector<std::optional<filter::Filter>> filters_;  // By rule, as all that follow.
  bool collects_ = false;
  std::vector<std::map<std::string, Value>> collected_;
  std::vector<std::string> failed_;  // Why it could not collect from all.
  std::vector<std::map<std::string, RuleVerdict>> answers_;
};

absl::StatusOr<std::vector<ControlState>> RuleBook::Judge(const RuleQuestion& question,
                                                          std::vector<std::string>* problems) {
  std::map<std::string, std::unique_ptr<Judging>> judging;
  for (const auto& [revision, rules] : question.rules) {
    if (rules != nullptr && !rules->all().empty()) {
      judging[revision] = std::make_unique<Judging>(revision, *rules, question.now, problems);
    }
  }
  std::vector<ControlState> told;
  if (judging.empty()) {
    return told;
  }
  std::map<std::string, StatesOfHost> states;
  for (const ControlState& one : *question.states) {
    states[one.host][one.resource] = one.state;
  }
  const bool present = question.at == absl::InfiniteFuture();
  for (const HostView& host : *question.hosts) {
    const std::string& name = host.record.name;
    std::optional<std::string> facts;
    for (auto& [revision, asked] : judging) {
      const bool enforces = host.record.revision == revision;
      if (!enforces && !asked->collects()) {
        continue;
      }
      if (!facts.has_value()) {
        ASSIGN_OR_RETURN(facts, store_.history().FactsAt(name, question.at));
      }
      const Digest inputs = InputsOf(asked->digest(), host, *facts, states[name]);
      std::shared_ptr<const std::vector<Answer>> answers;
      if (present) {
        const absl::MutexLock lock(&mutex_);
        const auto known = remembered_.find({revision, name});
        if (known != remembered_.end() && known->second.inputs == inputs) {
          answers = known->second.answers;
        }
      }
      if (answers == nullptr) {
        answers = std::make_shared<const std::vector<Answer>>(
            asked->Ask(host, *facts, states[name], enforces));
        const absl::MutexLock lock(&mutex_);
        if (present) {
          if (remembered_.size() >= kMostRemembered) {
            remembered_.clear();
          }
          remembered_[{revision, name}] = {inputs, answers};
        }
      }
      asked->Take(name, *answers, enforces && question.judged.contains(name));
    }
  }
  for (auto& [revision, asked] : judging) {
    const auto& verdicts = asked->Conclude(question.sees_all);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const Rule& rule = asked->rules().all()[i];
      for (const auto& [host, verdict] : verdicts[i]) {
        if (verdict.state == RuleVerdict::State::kNotApplicable) {
          continue;
        }
        ControlState& state = told.emplace_back();
        state.host = host;
        state.resource = "rule:" + rule.name;
        state.state = verdict.state == RuleVerdict::State::kHolds    ? State::kOk
                      : verdict.state == RuleVerdict::State::kBroken ? State::kFailed
                                                                     : State::kUnknown;
        state.position = rule.position;
        state.controls = rule.controls;
        state.error = verdict.message;
        state.since = question.at;
        if (present) {
          const absl::MutexLock lock(&mutex_);
          if (since_.size() >= kMostRemembered * 10) {
            since_.clear();
          }
          Since& since = since_[{host, state.resource}];
          if (since.since == absl::Time() || since.verdict.state != verdict.state) {
            since = {verdict, question.now};
          }
          state.since = since.since;
        }
      }
    }
  }
  return told;
}

}  // namespace fettle::server
