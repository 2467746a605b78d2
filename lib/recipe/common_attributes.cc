// SPDX-License-Identifier: Apache-2.0
// What every resource takes besides the attributes of its schema.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"
#include "lib/resource/windows.h"

namespace fettle::recipe {
namespace {

using resource::Guard;
using resource::RelationKind;
using resource::Value;

struct RelationWord {
  std::string_view name;
  RelationKind kind;
  bool inverted;
  std::string_view default_type;  // Of a text without "type:"; "" for none.
};

constexpr std::array<RelationWord, 8> kRelations = {{
    {"after", RelationKind::kAfter, false, ""},
    {"before", RelationKind::kAfter, true, ""},
    {"requires", RelationKind::kRequires, false, ""},
    {"restart_on", RelationKind::kRestart, false, ""},
    {"reload_on", RelationKind::kReload, false, ""},
    {"notify", RelationKind::kRestart, true, ""},
    {"reload_on_change", RelationKind::kReload, true, "service"},
    {"restart_on_change", RelationKind::kRestart, true, "service"},
}};

absl::Status TakeReference(lua_State* state, int index, const RelationWord& word, Slot* slot) {
  Reference reference{word.kind, word.inverted, HandleAt(state, index), ""};
  if (reference.slot < 0) {
    const std::string_view text = TextAt(state, index);
    const bool has_type = text.find(':') != std::string_view::npos;
    if (text.empty() || (!has_type && word.default_type.empty())) {
      return InvalidArgument(
          "{} names resources by handle or as \"type:name\", not by {}{}",
          word.name,
          text.empty() ? std::string(TypeName(state, index)) : fmt::format("\"{}\"", text),
          lua_isnil(state, index) ? " (a variable that was never set?)" : "");
    }
    reference.id = has_type ? std::string(text) : fmt::format("{}:{}", word.default_type, text);
  }
  slot->references.push_back(std::move(reference));
  return absl::OkStatus();
}

// A resource or a list of them.
absl::Status TakeRelation(lua_State* state, const RelationWord& word, Slot* slot) {
  if (lua_type(state, -1) != LUA_TTABLE) {
    return TakeReference(state, -1, word, slot);
  }
  const lua_Unsigned size = lua_rawlen(state, -1);
  Sandbox::Of(state).Charge(size);
  for (lua_Unsigned i = 1; i <= size; ++i) {
    lua_rawgeti(state, -1, static_cast<lua_Integer>(i));
    const absl::Status taken = TakeReference(state, -1, word, slot);
    lua_pop(state, 1);
    RETURN_IF_ERROR(taken);
  }
  return absl::OkStatus();
}

absl::Status TakeBool(lua_State* state, std::string_view name, bool* value) {
  if (lua_type(state, -1) != LUA_TBOOLEAN) {
    return InvalidArgument("{} is to be true or false, not {}", name, TypeName(state, -1));
  }
  *value = lua_toboolean(state, -1) != 0;
  return absl::OkStatus();
}

absl::Status TakeText(lua_State* state, std::string_view name, std::string* value) {
  if (lua_type(state, -1) != LUA_TSTRING) {
    return InvalidArgument("{} is to be a text, not {}", name, TypeName(state, -1));
  }
  *value = std::string(TextAt(state, -1));
  return absl::OkStatus();
}

// A text or a list of texts.
absl::Status TakeTexts(lua_State* state, std::string_view name, std::vector<std::string>* values) {
  ASSIGN_OR_RETURN(Value value, ToValue(state, -1));
  if (value.kind() == Value::Kind::kString) {
    value = Value::List{value};
  }
  if (value.kind() != Value::Kind::kList) {
    return InvalidArgument(
        "{} is to be a text or a list of texts, not {}", name, TypeName(state, -1));
  }
  for (const Value& item : value.AsList()) {
    if (item.kind() != Value::Kind::kString) {
      return InvalidArgument("{} is to be a text or a list of texts", name);
    }
    values->push_back(item.AsString());
  }
  return absl::OkStatus();
}

absl::Status TakeTimeout(lua_State* state, absl::Duration* value) {
  std::string text;
  RETURN_IF_ERROR(TakeText(state, "timeout", &text));
  ASSIGN_OR_RETURN(*value, resource::ParseDuration(text));
  if (*value <= absl::ZeroDuration()) {
    return InvalidArgument("timeout is to be longer than nothing");
  }
  return absl::OkStatus();
}

// "60s", or "off".
absl::Status TakeConfirm(lua_State* state, std::optional<absl::Duration>* value) {
  constexpr absl::Duration kLeast = absl::Seconds(1);
  constexpr absl::Duration kMost = absl::Hours(1);
  std::string text;
  RETURN_IF_ERROR(TakeText(state, "confirm", &text));
  if (text == "off") {
    *value = absl::ZeroDuration();
    return absl::OkStatus();
  }
  const absl::StatusOr<absl::Duration> window = resource::ParseDuration(text);
  if (!window.ok() || *window < kLeast || *window > kMost) {
    return InvalidArgument(
        "confirm is to be a time from 1s to 1h (\"60s\"), or \"off\", not \"{}\"", text);
  }
  *value = *window;
  return absl::OkStatus();
}

absl::Status TakeRetries(lua_State* state, int32_t* value) {
  constexpr int64_t kMostRetries = 100;
  int exact = 0;
  const lua_Integer retries = lua_tointegerx(state, -1, &exact);
  if (lua_type(state, -1) != LUA_TNUMBER || exact == 0 || retries < 0 || retries > kMostRetries) {
    return InvalidArgument("retries is to be a whole number from 0 to {}", kMostRetries);
  }
  *value = static_cast<int32_t>(retries);
  return absl::OkStatus();
}

// A window, or a list of them.
absl::Status TakeSchedule(lua_State* state, std::string* value) {
  std::vector<std::string> windows;
  RETURN_IF_ERROR(TakeTexts(state, "schedule", &windows));
  *value = fmt::format("{}", fmt::join(windows, "; "));
  const auto parsed = resource::Windows::Parse(*value);
  return parsed.ok() ? absl::OkStatus() : InvalidArgument("schedule: {}", Message(parsed.status()));
}

absl::Status TakeOther(lua_State* state, std::string_view name, Slot* slot, bool* known) {
  resource::Declaration& declaration = slot->declaration;
  *known = true;
  if (name == "enforce") {
    return TakeBool(state, name, &declaration.enforce);
  }
  if (name == "sensitive") {
    return TakeBool(state, name, &declaration.sensitive);
  }
  if (name == "only_if" || name == "unless") {
    return TakeGuards(state, lua_gettop(state), name == "unless", slot);
  }
  if (name == "control" || name == "controls") {
    return TakeTexts(state, name, &declaration.controls);
  }
  if (name == "tags") {
    return TakeTexts(state, name, &declaration.tags);
  }
  if (name == "schedule") {
    return TakeSchedule(state, &declaration.schedule);
  }
  if (name == "doc") {
    return TakeText(state, name, &declaration.doc);
  }
  if (name == "timeout") {
    return TakeTimeout(state, &declaration.timeout);
  }
  if (name == "retries") {
    return TakeRetries(state, &declaration.retries);
  }
  if (name == "confirm") {
    return TakeConfirm(state, &declaration.confirm);
  }
  *known = false;
  return absl::OkStatus();
}

struct GuardWord {
  std::string_view name;
  Guard::Test test;
};

constexpr std::array<GuardWord, 5> kGuards = {{
    {"file_exists", Guard::Test::kFileExists},
    {"package", Guard::Test::kPackageInstalled},
    {"unit_active", Guard::Test::kUnitActive},
    {"command", Guard::Test::kCommandSucceeds},
    {"shell", Guard::Test::kCommandSucceeds},
}};

// What a guard is about: a text, or for `command` its words.
absl::StatusOr<std::vector<std::string>> GuardSubject(std::string_view name, const Value& value) {
  if (name == "command" && value.kind() == Value::Kind::kList && !value.AsList().empty()) {
    std::vector<std::string> words;
    for (const Value& word : value.AsList()) {
      if (word.kind() != Value::Kind::kString) {
        return InvalidArgument("the words of a command are to be texts");
      }
      words.push_back(word.AsString());
    }
    return words;
  }
  if (value.kind() != Value::Kind::kString || value.AsString().empty()) {
    return InvalidArgument(
        "{} is to be {}",
        name,
        name == "command" ? "a list of words, or one text without quoting" : "a text");
  }
  const std::string& text = value.AsString();
  if (name == "shell") {
    return std::vector<std::string>{"/bin/sh", "-c", text};
  }
  if (name == "command") {
    std::vector<std::string> words;
    for (const std::string_view word : SplitWords(text)) {
      words.emplace_back(word);
    }
    return words;
  }
  if (name == "file_exists") {
    ASSIGN_OR_RETURN(std::string path, resource::CanonicalPath(text));
    return std::vector<std::string>{std::move(path)};
  }
  return std::vector<std::string>{text};
}

absl::Status AddGuard(std::string_view name, const Value& value, bool negate, Slot* slot) {
  const auto* word = std::find_if(kGuards.begin(), kGuards.end(), [name](const GuardWord& guard) {
    return guard.name == name;
  });
  if (word == kGuards.end()) {
    std::vector<std::string_view> known;
    for (const GuardWord& guard : kGuards) {
      known.push_back(guard.name);
    }
    return InvalidArgument(
        "there is no test \"{}\" (file_exists, package, unit_active, command, "
        "shell){}",
        name,
        DidYouMean(name, known));
  }
  ASSIGN_OR_RETURN(std::vector<std::string> subject, GuardSubject(name, value));
  slot->declaration.guards.push_back({word->test, std::move(subject), negate});
  return absl::OkStatus();
}

// A boolean, or a table {test = subject, …} whose tests must all hold.
absl::Status TakeGuard(const Value& value, bool negate, Slot* slot) {
  if (value.kind() == Value::Kind::kBool) {
    if (value.AsBool() == negate) {
      slot->declaration.guards.push_back({Guard::Test::kNever, {}, false});
    }
    return absl::OkStatus();
  }
  if (value.kind() != Value::Kind::kMap) {
    return InvalidArgument(
        "a condition is to be true, false or a test like "
        "{{ file_exists = \"/path\" }}, not {}",
        resource::KindName(value.kind()));
  }
  for (const auto& [name, subject] : value.AsMap()) {
    RETURN_IF_ERROR(AddGuard(name, subject, negate, slot));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TakeGuards(lua_State* state, int index, bool negate, Slot* slot) {
  ASSIGN_OR_RETURN(const Value value, ToValue(state, index));
  const std::string_view name = negate ? "unless" : "only_if";
  if (value.kind() != Value::Kind::kList) {
    return Annotate(TakeGuard(value, negate, slot), name);
  }
  if (value.AsList().empty()) {
    return InvalidArgument("{}: the condition is empty, so it would hold nothing back", name);
  }
  for (const Value& item : value.AsList()) {
    RETURN_IF_ERROR(Annotate(TakeGuard(item, negate, slot), name));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> TakeCommonAttribute(lua_State* state, std::string_view name, Slot* slot) {
  for (const RelationWord& word : kRelations) {
    if (word.name == name) {
      RETURN_IF_ERROR(TakeRelation(state, word, slot));
      return true;
    }
  }
  if (slot->schema->Find(name) != nullptr) {
    return false;  // A type's own timeout or retries is the type's.
  }
  bool known = false;
  RETURN_IF_ERROR(TakeOther(state, name, slot, &known));
  return known;
}

}  // namespace fettle::recipe
