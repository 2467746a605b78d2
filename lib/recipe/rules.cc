// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/rules.h"

#include <time.h>

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/lua_values.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr std::size_t kMaxMessage = 1000;

// Key of the registry: its address. The table holds, by the number of the rule from 1 on, the table
// that declares it.
const char kDeclared = 0;

std::string PlaceOf(const LuaError& error) {
  return error.line == 0 ? error.file : fmt::format("{}:{}", error.file, error.line);
}

std::string Described(const LuaError& error) {
  const std::string place = PlaceOf(error);
  return place.empty() ? error.message : fmt::format("{}: {}", place, error.message);
}

absl::Duration ProcessorTime() {
  timespec spent = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return absl::DurationFromTimespec(spent);
}

// One line, bounded: it stands in reports.
std::string Plain(std::string_view text) {
  std::string plain(text.substr(0, kMaxMessage));
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return plain;
}

// The text of the key `name` of the table at `table`; "" when it is not there.
std::string TextOf(lua_State* state, int table, const char* name) {
  lua_getfield(state, table, name);
  std::string text;
  if (!lua_isnil(state, -1)) {
    text = CheckText(state, -1, name);
  }
  lua_pop(state, 1);
  return text;
}

bool HasFunction(lua_State* state, int table, const char* name) {
  lua_getfield(state, table, name);
  const bool there = !lua_isnil(state, -1);
  if (there && !lua_isfunction(state, -1)) {
    Raise(state, "{} is to be a function, not {}", name, TypeName(state, -1));
  }
  lua_pop(state, 1);
  return there;
}

std::vector<std::string> ControlsOf(lua_State* state, int table, const std::string& name) {
  std::vector<std::string> controls;
  lua_getfield(state, table, "control");
  if (lua_istable(state, -1)) {
    const auto size = static_cast<lua_Integer>(lua_rawlen(state, -1));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(state, -1, i);
      controls.emplace_back(CheckText(state, -1, "each control"));
      lua_pop(state, 1);
    }
  } else if (!lua_isnil(state, -1)) {
    controls.emplace_back(CheckText(state, -1, "control"));
  }
  lua_pop(state, 1);
  if (controls.empty()) {
    controls.push_back(name);
  }
  return controls;
}

void CheckKeys(lua_State* state, int table) {
  static constexpr std::string_view kKnown[] = {"check", "collect", "control", "title", "when"};
  lua_pushnil(state);
  while (lua_next(state, table) != 0) {
    lua_pop(state, 1);
    const std::string_view key = TextAt(state, -1);
    if (std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown)) {
      Raise(state,
            "a rule has no \"{}\"{}",
            key.empty() ? TypeName(state, -1) : key,
            DidYouMean(key, kKnown));
    }
  }
}

bool IsRuleName(std::string_view name) {
  constexpr std::size_t kMost = 100;
  return !name.empty() && name.size() <= kMost &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// rule "NAME" { … }: the function that the word answers, with the name and its place as upvalues,
// and where the rules go.
int DeclareRule(lua_State* state) {
  auto& rules = *static_cast<std::vector<Rule>*>(lua_touserdata(state, lua_upvalueindex(3)));
  Rule rule;
  rule.name = TextAt(state, lua_upvalueindex(1));
  rule.position = TextAt(state, lua_upvalueindex(2));
  if (!lua_istable(state, 1)) {
    Raise(state, "rule \"{}\" is to be followed by a table, not {}", rule.name, TypeName(state, 1));
  }
  CheckKeys(state, 1);
  rule.title = TextOf(state, 1, "title");
  rule.when = TextOf(state, 1, "when");
  rule.controls = ControlsOf(state, 1, rule.name);
  rule.fleet = HasFunction(state, 1, "collect");
  if (!HasFunction(state, 1, "check")) {
    Raise(state, "rule \"{}\" has no function `check`", rule.name);
  }
  for (const Rule& other : rules) {
    if (other.name == rule.name) {
      Raise(state, "rule \"{}\" is also declared at {}", rule.name, other.position);
    }
  }
  rules.push_back(std::move(rule));
  lua_rawgetp(state, LUA_REGISTRYINDEX, &kDeclared);
  lua_pushvalue(state, 1);
  lua_rawseti(state, -2, static_cast<lua_Integer>(rules.size()));
  return 0;
}

int RuleWord(lua_State* state) {
  const std::string name(CheckText(state, 1, "the name of a rule"));
  if (!IsRuleName(name)) {
    Raise(state,
          "\"{}\" is no name of a rule: 1 to 100 letters, digits, \"-\", \"_\" and \".\"",
          Plain(name));
  }
  PushText(state, name);
  PushText(state, PlaceOf(Sandbox::Of(state).Here()));
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_pushcclosure(state, DeclareRule, 3);
  return 1;
}

}  // namespace

bool IsRuleFile(std::string_view path) {
  return path.starts_with("rules/") && path.ends_with(".lua");
}

// A Lua state with the functions of rules. Whatever may raise, for want of memory too, is called in
// protection.
class RuleRun::Machine {
 public:
  explicit Machine(const Limits& limits) : sandbox_(limits, nullptr) {}

  absl::Status Open() {
    RETURN_IF_ERROR(sandbox_.Open());
    LuaError error;
    return Protected([this](lua_State* state) { Prepare(state); }, &error)
               ? absl::OkStatus()
               : InvalidArgument("{}", Described(error));
  }

  // Runs a file. Rules that it declared before an error are taken back.
  bool Load(const std::string& path, const std::string& source, LuaError* error) {
    const std::size_t before = rules_.size();
    sandbox_.Refill();
    bool good = true;
    const bool ran = Protected(
        [&](lua_State* /*state*/) {
          sandbox_.PushEnvironment();
          good = sandbox_.LoadText(source, path, -1, error) && sandbox_.Call(0, 0, error);
        },
        error);
    if (!ran || !good) {
      rules_.resize(before);
    }
    return ran && good;
  }

  // Calls the function `name` of a rule with `argument`, under the limits; `take` finds its two
  // results on top of the stack.
  template <typename Take>
  bool Ask(std::size_t index, const char* name, const Value& argument, Take take, LuaError* error) {
    sandbox_.Refill();
    return Protected(
        [&](lua_State* state) {
          lua_rawgetp(state, LUA_REGISTRYINDEX, &kDeclared);
          lua_rawgeti(state, -1, static_cast<lua_Integer>(index) + 1);
          lua_getfield(state, -1, name);
          PushValue(state, argument);
          lua_call(state, 1, 2);
          take(state);
        },
        error);
  }

  std::vector<Rule>& rules() { return rules_; }

  Sandbox& sandbox() { return sandbox_; }

 private:
  template <typename Body>
  bool Protected(Body body, LuaError* error) {
    lua_State* const state = sandbox_.state();
    lua_settop(state, 0);
    lua_pushcfunction(state, [](lua_State* lua) {
      (*static_cast<Body*>(lua_touserdata(lua, 1)))(lua);
      return 0;
    });
    lua_pushlightuserdata(state, &body);
    return sandbox_.Call(1, 0, error);
  }

  void Prepare(lua_State* state) {
    lua_newtable(state);
    lua_rawsetp(state, LUA_REGISTRYINDEX, &kDeclared);
    lua_pushlightuserdata(state, &rules_);
    lua_pushcclosure(state, RuleWord, 1);
    sandbox_.SetWord("rule");
  }

  std::vector<Rule> rules_;
  Sandbox sandbox_;
};

Rules Rules::Read(const policy::Tree& tree) {
  Rules rules;
  RuleRun::Machine machine(RuleRun::DefaultLimits());
  bool open = false;
  for (const auto& [path, file] : tree.files()) {
    if (!IsRuleFile(path)) {
      continue;
    }
    if (!open) {
      if (const absl::Status status = machine.Open(); !status.ok()) {
        rules.problems_.push_back(fmt::format("{}: {}", path, Message(status)));
        return rules;
      }
      open = true;
    }
    LuaError error;
    if (machine.Load(path, file.content, &error)) {
      rules.sources_.emplace(path, file.content);
    } else {
      rules.problems_.push_back(Described(error));
    }
    if (machine.sandbox().dead()) {
      break;  // Nothing more can be learnt; the problem says why.
    }
  }
  rules.all_ = std::move(machine.rules());
  return rules;
}

Limits RuleRun::DefaultLimits() {
  Limits limits;
  limits.memory_bytes = kMemory;
  limits.instructions = kInstructions;
  limits.wall = absl::Seconds(2);
  return limits;
}

RuleRun::RuleRun(const Rules& rules, const Limits& limits)
    : rules_(rules), limits_(limits), accounts_(rules.all().size()) {}

RuleRun::~RuleRun() = default;

RuleRun::Machine* RuleRun::Ready(std::string* why) {
  if (machine_ != nullptr && !machine_->sandbox().dead()) {
    return machine_.get();
  }
  machine_ = std::make_unique<Machine>(limits_);
  if (const absl::Status status = machine_->Open(); !status.ok()) {
    *why = std::string(Message(status));
    return nullptr;
  }
  for (const auto& [path, source] : rules_.sources()) {
    LuaError error;
    if (!machine_->Load(path, source, &error)) {
      *why = Described(error);
      return nullptr;
    }
  }
  if (machine_->rules() != rules_.all()) {
    *why = "the rules declare something else each time that they are read";
    return nullptr;
  }
  return machine_.get();
}

namespace {

// What `check` answered: two values on top of the stack.
RuleVerdict VerdictAt(lua_State* state, const Rule& rule) {
  const int answer = lua_gettop(state) - 1;
  if (lua_isnil(state, answer)) {
    return {RuleVerdict::State::kNotApplicable, ""};
  }
  if (!lua_isboolean(state, answer)) {
    return {RuleVerdict::State::kUnknown,
            fmt::format("{}: check answered {}, not true, false or nil",
                        rule.position,
                        TypeName(state, answer))};
  }
  if (lua_toboolean(state, answer) != 0) {
    return {RuleVerdict::State::kHolds, ""};
  }
  const std::string_view said = TextAt(state, answer + 1);
  return {RuleVerdict::State::kBroken, said.empty() ? "the rule does not hold" : Plain(said)};
}

// The same of a rule of the fleet, which may also answer a table: host -> why.
FleetVerdict FleetVerdictAt(lua_State* state,
                            const Rule& rule,
                            const std::map<std::string, Value>& collected) {
  FleetVerdict verdict;
  if (!lua_istable(state, -2)) {
    verdict.all = VerdictAt(state, rule);
    return verdict;
  }
  lua_pop(state, 1);
  lua_pushnil(state);
  while (lua_next(state, -2) != 0) {
    const std::string host(TextAt(state, -2));
    const std::string_view said = TextAt(state, -1);
    if (!collected.contains(host) || said.empty()) {
      return {{RuleVerdict::State::kUnknown,
               fmt::format("{}: the table that check answered is to have names of hosts and texts",
                           rule.position)},
              {}};
    }
    verdict.broken[host] = Plain(said);
    lua_pop(state, 1);
  }
  verdict.all.state = RuleVerdict::State::kHolds;
  return verdict;
}

}  // namespace

template <typename Take>
bool RuleRun::Ask(
    std::size_t index, const char* name, const Value& argument, Take take, std::string* why) {
  Account& account = accounts_[index];
  if (!account.ended.empty()) {
    *why = account.ended;
    return false;
  }
  Machine* const machine = Ready(why);
  if (machine == nullptr) {
    return false;
  }
  LuaError error;
  const absl::Duration before = ProcessorTime();
  const bool asked = machine->Ask(index, name, argument, take, &error);
  account.spent += ProcessorTime() - before;
  if (!asked) {
    *why = Plain(Described(error));
  }
  if (machine->sandbox().dead() && ++account.deaths >= kMostDeaths) {
    account.ended = *why;
  } else if (account.spent > kMostTime) {
    account.ended = fmt::format("{}: the rule took longer than {} for all hosts together",
                                rules_.all()[index].position,
                                absl::FormatDuration(kMostTime));
  }
  return asked;
}

RuleVerdict RuleRun::Check(std::size_t index, const Value& host) {
  RuleVerdict verdict;
  const auto take = [&](lua_State* state) { verdict = VerdictAt(state, rules_.all()[index]); };
  std::string why;
  return Ask(index, "check", host, take, &why) ? verdict
                                               : RuleVerdict{RuleVerdict::State::kUnknown, why};
}

absl::StatusOr<Value> RuleRun::Collect(std::size_t index, const Value& host) {
  absl::StatusOr<Value> value = Value();
  const auto take = [&](lua_State* state) { value = ToValue(state, lua_gettop(state) - 1); };
  std::string why;
  if (!Ask(index, "collect", host, take, &why)) {
    return InvalidArgument("{}", why);
  }
  RETURN_IF_ERROR(Annotate(value.status(), rules_.all()[index].position + ": collect answered"));
  return value;
}

FleetVerdict RuleRun::Conclude(std::size_t index, const std::map<std::string, Value>& collected) {
  FleetVerdict verdict;
  const Value argument(Value::Map(collected.begin(), collected.end()));
  const auto take = [&](lua_State* state) {
    verdict = FleetVerdictAt(state, rules_.all()[index], collected);
  };
  std::string why;
  return Ask(index, "check", argument, take, &why)
             ? verdict
             : FleetVerdict{{RuleVerdict::State::kUnknown, why}, {}};
}

}  // namespace fettle::recipe
