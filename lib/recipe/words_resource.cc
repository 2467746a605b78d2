// SPDX-License-Identifier: Apache-2.0
// `type "name" { … }` for every type there is a schema of, and `group`.
#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"
#include "lib/recipe/mark_guards.h"

namespace fettle::recipe {
namespace {

using resource::Schema;
using resource::Value;

constexpr char kHandleType[] = "fettle.handle";
constexpr std::string_view kGroup = "group";

// What a handle is: a number of a slot, or a group that has no resource of that name.
struct Handle {
  int64_t slot = -1;
};

std::size_t CheckHandle(lua_State* state, int index) {
  const int64_t slot = HandleAt(state, index);
  if (slot < 0) {
    Raise(state, "a resource is expected here, not {}", TypeName(state, index));
  }
  return static_cast<std::size_t>(slot);
}

// The slot of a new declaration of `schema` (null: of a group alone). `wrong`: what is wrong with
// its name, or "".
std::size_t Declare(Evaluation& evaluation,
                    const Schema* schema,
                    std::string_view name,
                    const std::string& wrong) {
  std::deque<Slot>& slots = evaluation.slots();
  if (slots.size() >= evaluation.input().limits.resources) {
    evaluation.sandbox().Kill(
        fmt::format("more than {} resources for one host", evaluation.input().limits.resources));
  }
  Slot& slot = slots.emplace_back();
  slot.schema = schema;
  slot.include = evaluation.current_index();
  slot.declaration.position = evaluation.Here();
  slot.declaration.group = evaluation.group;
  slot.declaration.name = std::string(name);
  slot.withdrawn = schema == nullptr;
  evaluation.AccountBytes(sizeof(Slot) + name.size());
  if (!wrong.empty()) {
    evaluation.AddProblem(wrong, slot.declaration.position);
    slot.wrong = true;
  }
  if (schema != nullptr) {
    slot.declaration.type = schema->type;
  }
  if (schema != nullptr && !slot.wrong) {
    absl::StatusOr<std::string> canonical =
        schema->canonical_name == nullptr ? std::string(name) : schema->canonical_name(name);
    if (canonical.ok()) {
      slot.declaration.name = *std::move(canonical);
    } else {
      evaluation.AddProblem(
          fmt::format("{} \"{}\": {}", schema->type, name, Message(canonical.status())),
          slot.declaration.position);
      slot.wrong = true;
    }
  }
  return slots.size() - 1;
}

// What is wrong with any name, whatever its type; "" for nothing.
std::string WrongName(std::string_view type, std::string_view name) {
  if (name.empty()) {
    return fmt::format("the name of a {} is empty", type);
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return fmt::format(
        "the name of a {} holds a control character (a line break, say): names stand in reports, "
        "where it could pass for another line",
        type);
  }
  return "";
}

int DeclareWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const auto* schema = static_cast<const Schema*>(lua_touserdata(state, lua_upvalueindex(1)));
  const std::string_view type = schema == nullptr ? kGroup : std::string_view(schema->type);
  if (IsSecret(state, 1)) {
    Raise(state, "a secret cannot be the name of a {}: names are shown", type);
  }
  const std::string_view name = CheckText(state, 1, fmt::format("the name of a {}", type));
  if (lua_gettop(state) > 1) {
    Raise(state, "write {} \"{}\" {{ … }}: the attributes go in a call of their own", type, name);
  }
  PushHandle(state, Declare(evaluation, schema, name, WrongName(type, name)));
  return 1;
}

void AddAttributeProblem(Evaluation& evaluation, const Slot& slot, std::string_view what) {
  evaluation.AddProblem(
      fmt::format("{} \"{}\": {}", slot.declaration.type, slot.declaration.name, what),
      slot.declaration.position);
}

std::size_t SizeOf(const Value& value);

std::size_t SizeOfMap(const Value::Map& map) {
  std::size_t size = 0;
  for (const auto& [key, item] : map) {
    size += key.size() + SizeOf(item);
  }
  return size;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which ToValue() bounds.
std::size_t SizeOf(const Value& value) {
  std::size_t size = sizeof(Value);
  switch (value.kind()) {
    case Value::Kind::kString:
    case Value::Kind::kSecret:
      return size + value.AsString().size();
    case Value::Kind::kList:
      for (const Value& item : value.AsList()) {
        size += SizeOf(item);
      }
      return size;
    case Value::Kind::kMap:
      return size + SizeOfMap(value.AsMap());
    default:
      return size;
  }
}

// The value on top of the stack as attribute `name`.
absl::Status TakeAttribute(Evaluation& evaluation, std::string_view name, Slot* slot) {
  lua_State* state = evaluation.sandbox().state();
  absl::StatusOr<Value> value = ToValue(state, -1);
  if (!value.ok()) {
    return Annotate(value.status(), name);
  }
  const resource::AttributeSchema* attribute = slot->schema->Find(name);
  if (attribute != nullptr && attribute->type == resource::AttributeType::kStringMap &&
      value->kind() == Value::Kind::kList && value->AsList().empty()) {
    *value = Value::Map();
  }
  evaluation.AccountBytes(SizeOf(*value));
  slot->attributes.insert_or_assign(std::string(name), *std::move(value));
  return absl::OkStatus();
}

bool HasContent(const Schema& schema) {
  return schema.Find("content") != nullptr;
}

// `source` names a file of the recipe unless it is an address or a path of the host.
absl::Status TakeSource(Evaluation& evaluation, Slot* slot) {
  lua_State* state = evaluation.sandbox().state();
  const std::string_view name = TextAt(state, -1);
  if (lua_type(state, -1) != LUA_TSTRING || name.starts_with('/') ||
      name.find("://") != std::string_view::npos) {
    return TakeAttribute(evaluation, "source", slot);
  }
  ASSIGN_OR_RETURN(std::string digest, FindSource(evaluation, name));
  slot->attributes.insert_or_assign("source", Value(std::move(digest)));
  return absl::OkStatus();
}

// Renders the template after all else: `vars` may stand before or behind it in the table.
absl::Status TakeTemplate(Evaluation& evaluation, int table, Slot* slot) {
  lua_State* state = evaluation.sandbox().state();
  lua_getfield(state, table, "template");
  lua_getfield(state, table, "vars");
  const std::string name(TextAt(state, -2));
  const bool has_vars = !lua_isnil(state, -1);
  if (lua_isnil(state, -2)) {
    lua_pop(state, 2);
    return has_vars ? InvalidArgument("vars is for a template, and there is none")
                    : absl::OkStatus();
  }
  if (name.empty() || slot->attributes.contains("content")) {
    lua_pop(state, 2);
    return InvalidArgument(
        "template is the name of a file in templates/, and stands in place of "
        "content");
  }
  absl::StatusOr<Value> content =
      RenderTemplate(evaluation, name, has_vars ? lua_gettop(state) : 0);
  lua_pop(state, 2);
  RETURN_IF_ERROR(content.status());
  evaluation.AccountBytes(content->AsString().size());
  slot->attributes.insert_or_assign("content", *std::move(content));
  return absl::OkStatus();
}

// The names in the table at 2, sorted: Lua's own order differs from process to process.
std::vector<std::string_view> FieldNames(Evaluation& evaluation, const Slot& slot) {
  lua_State* state = evaluation.sandbox().state();
  std::vector<std::string_view> names;
  bool others = false;
  lua_pushnil(state);
  while (lua_next(state, 2) != 0) {
    lua_pop(state, 1);
    if (lua_type(state, -1) == LUA_TSTRING) {
      names.push_back(TextAt(state, -1));
    } else {
      others = true;
    }
  }
  if (others) {
    AddAttributeProblem(
        evaluation, slot, "attributes are given by name (name = value), not as a list");
  }
  evaluation.sandbox().Charge(names.size());
  std::sort(names.begin(), names.end());
  return names;
}

// One field of the table that completes a resource, its value on top of the stack.
absl::Status TakeField(Evaluation& evaluation, std::string_view name, Slot* slot) {
  lua_State* state = evaluation.sandbox().state();
  if (name == kGuardMark || ((name == "template" || name == "vars") && HasContent(*slot->schema))) {
    return absl::OkStatus();
  }
  const resource::AttributeSchema* attribute = slot->schema->Find(name);
  if (name == "source" && attribute != nullptr &&
      attribute->type == resource::AttributeType::kString) {
    return TakeSource(evaluation, slot);
  }
  ASSIGN_OR_RETURN(const bool common, TakeCommonAttribute(state, name, slot));
  return common ? absl::OkStatus() : TakeAttribute(evaluation, name, slot);
}

void CheckGuardsAreThere(Evaluation& evaluation, int table, const Slot& slot) {
  lua_State* state = evaluation.sandbox().state();
  lua_pushlstring(state, kGuardMark.data(), kGuardMark.size());
  const bool marked = lua_rawget(state, table) != LUA_TNIL;
  const bool only_if = lua_getfield(state, table, "only_if") != LUA_TNIL;
  const bool unless = lua_getfield(state, table, "unless") != LUA_TNIL;
  lua_pop(state, 3);
  if (marked && !only_if && !unless) {
    AddAttributeProblem(evaluation,
                        slot,
                        "only_if or unless is nil: a condition is to be true, false or a test "
                        "(a missing fact is nil; compare it with something)");
  }
}

void CompleteResource(Evaluation& evaluation, std::size_t index) {
  lua_State* state = evaluation.sandbox().state();
  // Worked on aside: rendering may declare nothing, but a reference into slots() would not outlive
  // it if it did.
  Slot slot = std::move(evaluation.slots()[index]);
  slot.completed = true;
  for (const std::string_view name : FieldNames(evaluation, slot)) {
    PushText(state, name);
    lua_rawget(state, 2);
    const absl::Status taken = TakeField(evaluation, name, &slot);
    if (!taken.ok()) {
      AddAttributeProblem(evaluation, slot, Message(taken));
      slot.wrong = true;
    }
    lua_settop(state, 2);
  }
  CheckGuardsAreThere(evaluation, 2, slot);
  if (HasContent(*slot.schema)) {
    const absl::Status rendered = TakeTemplate(evaluation, 2, &slot);
    if (!rendered.ok()) {
      AddAttributeProblem(evaluation, slot, Message(rendered));
      slot.wrong = true;
    }
  }
  evaluation.slots()[index] = std::move(slot);
}

// Whether the table at 2 is that of a grouping and not of a resource of type group.
bool IsGrouping(lua_State* state, const Slot& slot) {
  if (slot.schema == nullptr) {
    return true;
  }
  if (slot.schema->type != kGroup) {
    return false;
  }
  const bool body = lua_rawgeti(state, 2, 1) == LUA_TFUNCTION;
  const bool on_failure = lua_getfield(state, 2, "on_failure") != LUA_TNIL;
  lua_pop(state, 2);
  return body || on_failure;
}

// group "name" { on_failure = "rollback", function() … end }
void RunGroup(Evaluation& evaluation, std::size_t index) {
  lua_State* state = evaluation.sandbox().state();
  Slot& slot = evaluation.slots()[index];
  slot.withdrawn = true;
  const std::string name = slot.declaration.name;
  resource::Group group{name, false, slot.declaration.position};
  lua_getfield(state, 2, "on_failure");
  const std::string_view on_failure = TextAt(state, -1);
  if (!lua_isnil(state, -1) && on_failure != "rollback" && on_failure != "keep") {
    Raise(state, "group \"{}\": on_failure is to be \"rollback\" or \"keep\"", name);
  }
  group.rollback_on_failure = on_failure == "rollback";
  if (lua_rawgeti(state, 2, 1) != LUA_TFUNCTION) {
    Raise(state, "group \"{}\" needs a function that declares its resources", name);
  }
  if (evaluation.group >= 0) {
    Raise(state, "group \"{}\" stands inside another group; groups do not nest", name);
  }
  evaluation.group = static_cast<int32_t>(evaluation.groups().size());
  evaluation.groups().push_back(std::move(group));
  // Errors unwind: the group ends with this frame, however it is left.
  const absl::Cleanup leave = [&evaluation] { evaluation.group = -1; };
  lua_call(state, 0, 0);
}

int CompleteWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const std::size_t index = CheckHandle(state, 1);
  const Slot& slot = evaluation.slots()[index];
  const std::string id = fmt::format("{} \"{}\"", slot.declaration.type, slot.declaration.name);
  if (lua_type(state, 2) != LUA_TTABLE || lua_gettop(state) != 2) {
    Raise(state, "{}: a table with its attributes is expected, not {}", id, TypeName(state, 2));
  }
  if (slot.completed) {
    Raise(state, "{} already has its attributes", id);
  }
  if (IsGrouping(state, slot)) {
    RunGroup(evaluation, index);
    return 0;
  }
  CompleteResource(evaluation, index);
  lua_settop(state, 1);
  return 1;
}

int IndexHandle(lua_State* state) {
  const Slot& slot = Evaluation::Of(state).slots()[CheckHandle(state, 1)];
  const std::string_view name = CheckText(state, 2, "what is asked of a resource");
  if (name == "type") {
    PushText(state, slot.declaration.type);
  } else if (name == "name") {
    PushText(state, slot.declaration.name);
  } else {
    Raise(state, "a resource has .type and .name, no .{} (its state is not known yet)", name);
  }
  return 1;
}

int HandleToText(lua_State* state) {
  PushText(state, Evaluation::Of(state).slots()[CheckHandle(state, 1)].declaration.Id());
  return 1;
}

}  // namespace

void PushHandle(lua_State* state, std::size_t slot) {
  auto* handle = static_cast<Handle*>(lua_newuserdatauv(state, sizeof(Handle), 0));
  handle->slot = static_cast<int64_t>(slot);
  luaL_setmetatable(state, kHandleType);
}

int64_t HandleAt(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TUSERDATA) {
    return -1;
  }
  const auto* handle = static_cast<const Handle*>(luaL_testudata(state, index, kHandleType));
  return handle == nullptr ? -1 : handle->slot;
}

void RegisterResourceWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  luaL_newmetatable(state, kHandleType);
  const Function kFunctions[] = {
      {"__call", CompleteWord}, {"__index", IndexHandle}, {"__tostring", HandleToText}};
  for (const Function& function : kFunctions) {
    lua_pushcfunction(state, function.function);
    lua_setfield(state, -2, function.name);
  }
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 1);

  lua_pushlightuserdata(state, nullptr);
  lua_pushcclosure(state, DeclareWord, 1);
  evaluation.sandbox().SetWord("group");
  for (const Schema* schema : evaluation.input().schemas) {
    // Only read; Lua has no pointer to const.
    lua_pushlightuserdata(state, const_cast<Schema*>(schema));
    lua_pushcclosure(state, DeclareWord, 1);
    evaluation.sandbox().SetWord(schema->type.c_str());
  }
}

}  // namespace fettle::recipe
