// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/sandbox.h"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/lua_values.h"

namespace fettle::recipe {
namespace {

constexpr int kHookInterval = 1000;
constexpr uint64_t kLookInterval = 50'000;
// Bytes that cost one instruction when allocated: building text is what C functions spend time on.
constexpr std::size_t kBytesPerInstruction = 16;

// What this thread has had: unlike time that passes, it does not depend on what else the machine
// does.
absl::Duration ProcessorTime() {
  timespec spent = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return absl::DurationFromTimespec(spent);
}

// Keys of the registry: their addresses.
const char kBase = 0;
const char kStrict = 0;

// What Lua makes of a chunk's path in messages: the end of a long one.
std::string ShortName(const std::string& path) {
  constexpr std::size_t kMost = LUA_IDSIZE - 1;
  constexpr std::string_view kDots = "...";
  return path.size() <= kMost
             ? path
             : fmt::format("{}{}", kDots, path.substr(path.size() - (kMost - kDots.size())));
}

int StrictIndex(lua_State* state) {
  const std::string_view name = TextAt(state, 2);
  if (name.empty()) {
    lua_pushnil(state);
    return 1;
  }
  std::vector<std::string_view> known;
  lua_pushnil(state);
  while (lua_next(state, 1) != 0) {
    if (lua_type(state, -2) == LUA_TSTRING) {
      known.push_back(TextAt(state, -2));
    }
    lua_pop(state, 1);
  }
  std::sort(known.begin(), known.end());
  Raise(state, "undefined variable \"{}\"{}", name, DidYouMean(name, known));
}

}  // namespace

void RaiseText(lua_State* state, const std::string& message) {
  lua_pushlstring(state, message.data(), message.size());
  lua_error(state);
  std::abort();  // lua_error does not return.
}

std::string_view TextAt(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TSTRING) {
    return {};
  }
  std::size_t size = 0;
  const char* text = lua_tolstring(state, index, &size);
  return {text, size};
}

std::string_view CheckText(lua_State* state, int index, std::string_view what) {
  if (lua_type(state, index) != LUA_TSTRING) {
    Raise(state, "{} is to be a text, not {}", what, TypeName(state, index));
  }
  return TextAt(state, index);
}

void PushText(lua_State* state, std::string_view text) {
  lua_pushlstring(state, text.data(), text.size());
}

Sandbox::Sandbox(const Limits& limits, Evaluation* evaluation)
    : limits_(limits), evaluation_(evaluation) {}

Sandbox::~Sandbox() {
  if (state_ != nullptr) {
    // Nothing of a recipe runs while the state is closed: finalizers cannot be set.
    lua_sethook(state_, nullptr, 0, 0);
    lua_close(state_);
  }
}

Sandbox& Sandbox::Of(lua_State* state) {
  return **static_cast<Sandbox**>(lua_getextraspace(state));
}

absl::Status Sandbox::Open() {
  cpu_end_ = ProcessorTime() + limits_.wall;
  state_ = lua_newstate(&Sandbox::Allocate, this);
  if (state_ == nullptr) {
    return InvalidArgument("a memory limit of {} bytes is too small", limits_.memory_bytes);
  }
  *static_cast<Sandbox**>(lua_getextraspace(state_)) = this;
  lua_pushcfunction(state_, [](lua_State* state) {
    Sandbox::Of(state).OpenLibraries();
    return 0;
  });
  if (lua_pcall(state_, 0, 0, 0) != LUA_OK) {
    return InvalidArgument("a memory limit of {} bytes is too small", limits_.memory_bytes);
  }
  lua_sethook(state_, &Sandbox::CountHook, LUA_MASKCOUNT, kHookInterval);
  return absl::OkStatus();
}

void Sandbox::OpenLibraries() {
  lua_newtable(state_);
  luaL_requiref(state_, LUA_GNAME, luaopen_base, 0);
  for (const char* name : {"assert",
                           "error",
                           "getmetatable",
                           "ipairs",
                           "rawequal",
                           "rawget",
                           "rawlen",
                           "rawset",
                           "select",
                           "tonumber",
                           "type",
                           "_VERSION"}) {
    lua_getfield(state_, -1, name);
    lua_setfield(state_, -3, name);
  }
  lua_pop(state_, 1);
  ReplaceBase(state_);
  const std::pair<const char*, lua_CFunction> kLibraries[] = {{"string", luaopen_string},
                                                              {"table", luaopen_table},
                                                              {"math", luaopen_math},
                                                              {"utf8", luaopen_utf8}};
  for (const auto& [name, open] : kLibraries) {
    luaL_requiref(state_, name, open, 0);
    lua_setfield(state_, -2, name);
  }
  lua_getfield(state_, -1, "math");
  for (const char* name : {"random", "randomseed"}) {
    lua_pushnil(state_);
    lua_setfield(state_, -2, name);
  }
  lua_pop(state_, 1);
  lua_getfield(state_, -1, "string");
  ReplaceString(state_);
  lua_pop(state_, 1);
  lua_getfield(state_, -1, "table");
  ReplaceTable(state_);
  lua_pop(state_, 1);
  lua_rawsetp(state_, LUA_REGISTRYINDEX, &kBase);
  OpenValues(state_);

  lua_newtable(state_);
  lua_pushcfunction(state_, StrictIndex);
  lua_setfield(state_, -2, "__index");
  lua_pushboolean(state_, 0);
  lua_setfield(state_, -2, "__metatable");
  lua_rawsetp(state_, LUA_REGISTRYINDEX, &kStrict);
}

void Sandbox::SetWord(const char* name) {
  lua_rawgetp(state_, LUA_REGISTRYINDEX, &kBase);
  lua_insert(state_, -2);
  lua_setfield(state_, -2, name);
  lua_pop(state_, 1);
}

void Sandbox::PushEnvironment() {
  lua_newtable(state_);
  lua_rawgetp(state_, LUA_REGISTRYINDEX, &kBase);
  lua_pushnil(state_);
  while (lua_next(state_, -2) != 0) {
    lua_pushvalue(state_, -2);
    lua_insert(state_, -2);
    lua_rawset(state_, -5);
  }
  lua_pop(state_, 1);
  lua_pushvalue(state_, -1);
  lua_setfield(state_, -2, "_G");
  lua_rawgetp(state_, LUA_REGISTRYINDEX, &kStrict);
  lua_setmetatable(state_, -2);
}

void* Sandbox::Allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& sandbox = *static_cast<Sandbox*>(self);
  if (block == nullptr) {
    old_size = 0;  // Lua passes the kind of object there.
  }
  if (new_size == 0) {
    std::free(block);
    sandbox.memory_ -= old_size;
    return nullptr;
  }
  if (new_size > old_size) {
    sandbox.Account((new_size - old_size) / kBytesPerInstruction);
    const bool too_much = sandbox.memory_ + (new_size - old_size) > sandbox.limits_.memory_bytes;
    if (too_much || sandbox.dead()) {
      sandbox.no_memory_ = sandbox.state_ == nullptr ? LuaError() : sandbox.Here();
      return nullptr;
    }
  }
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) {
    sandbox.memory_ = sandbox.memory_ - old_size + new_size;
    sandbox.peak_ = std::max(sandbox.peak_, sandbox.memory_);
  }
  return moved;
}

void Sandbox::set_death(std::string reason) {
  if (death_.empty()) {
    death_ = std::move(reason);
    // From here on every instruction raises: no pcall, __close or loop gets further.
    lua_sethook(state_, &Sandbox::CountHook, LUA_MASKCOUNT, 1);
  }
}

void Sandbox::Account(uint64_t steps) {
  used_ += std::min(steps, limits_.instructions + 1);
  if (dead()) {
    return;
  }
  if (used_ > limits_.instructions) {
    set_death(fmt::format("evaluation took more than {} instructions; look for an endless loop",
                          limits_.instructions));
  } else if (used_ > next_look_) {
    next_look_ = used_ + kLookInterval;
    if (ProcessorTime() > cpu_end_) {
      set_death(fmt::format("evaluation took longer than {}; look for an endless loop",
                            absl::FormatDuration(limits_.wall)));
    }
  }
}

void Sandbox::Refill() {
  used_ = 0;
  next_look_ = 0;
  cpu_end_ = ProcessorTime() + limits_.wall;
}

void Sandbox::Charge(uint64_t steps) {
  Account(steps);
  if (dead()) {
    RaiseText(state_, death_);
  }
}

void Sandbox::Kill(std::string reason) {
  set_death(std::move(reason));
  RaiseText(state_, death_);
}

void Sandbox::CountHook(lua_State* state, lua_Debug* /*debug*/) {
  Sandbox& sandbox = Of(state);
  sandbox.Charge(sandbox.dead() ? 1 : kHookInterval);
}

bool Sandbox::LoadText(std::string_view source,
                       const std::string& path,
                       int environment,
                       LuaError* error) {
  environment = lua_absindex(state_, environment);
  const std::string name = path == kLoadedText ? path : "@" + path;
  const int status = luaL_loadbufferx(state_, source.data(), source.size(), name.c_str(), "t");
  // Lua shortens long names in messages; remember what it made of this one.
  lua_Debug debug{};
  if (status == LUA_OK) {
    lua_pushvalue(state_, -1);
    lua_getinfo(state_, ">S", &debug);
    AddChunk(debug.short_src, path);
    lua_pushvalue(state_, environment);
    lua_setupvalue(state_, -2, 1);
    return true;
  }
  *error = {std::string(TextAt(state_, -1)), path, 0};
  lua_pop(state_, 1);
  AddChunk(ShortName(path), path);
  StripPlace(error);
  error->file = path;
  if (status == LUA_ERRMEM) {
    set_death("out of memory while reading it");
  }
  return false;
}

bool Sandbox::Call(int arguments, int results, LuaError* error) {
  const int handler = lua_gettop(state_) - arguments;
  lua_pushcfunction(state_, &Sandbox::HandleMessage);
  lua_insert(state_, handler);
  error_ = {};
  const int status = lua_pcall(state_, arguments, results, handler);
  lua_remove(state_, handler);
  if (status == LUA_OK && !dead()) {
    return true;
  }
  if (status == LUA_OK) {
    lua_settop(state_, handler - 1);
    *error = {death_, "", 0};
    return false;
  }
  if (status == LUA_ERRMEM && !dead()) {
    set_death(
        fmt::format("evaluation needs more than {} MiB of memory", limits_.memory_bytes >> 20));
  }
  *error = status == LUA_ERRMEM ? no_memory_ : error_;
  if (status == LUA_ERRERR || (status != LUA_ERRMEM && error->message.empty())) {
    error->message = "error in the handling of an error";
  }
  if (dead()) {
    error->message = death_;
  }
  lua_settop(state_, handler - 1);
  return false;
}

void Sandbox::AddChunk(const std::string& shown, const std::string& path) {
  chunks_[shown].insert(path);
}

LuaError Sandbox::Here() const {
  LuaError place;
  lua_Debug debug{};
  for (int level = 0; lua_getstack(state_, level, &debug) != 0; ++level) {
    lua_getinfo(state_, "Sl", &debug);
    if (debug.currentline > 0 && debug.source[0] == '@') {
      place.file = debug.source + 1;
      place.line = debug.currentline;
      return place;
    }
  }
  return place;
}

bool Sandbox::StripPlace(LuaError* error) const {
  const std::string_view message = error->message;
  const std::size_t end = message.find(": ");
  const std::size_t colon = end == std::string_view::npos ? end : message.rfind(':', end - 1);
  if (colon == std::string_view::npos || end == 0 || colon == end) {
    return false;
  }
  const auto chunk = chunks_.find(std::string(message.substr(0, colon)));
  int64_t line = 0;
  if (chunk == chunks_.end() || !ParseInt(message.substr(colon + 1, end - colon - 1), &line)) {
    return false;
  }
  if (!error->file.empty() && chunk->second.contains(error->file)) {
    error->line = static_cast<int>(line);  // Cut names can be several files': it is this one.
  } else if (!chunk->second.contains(std::string(kLoadedText)) || error->line == 0) {
    error->file = *chunk->second.begin();
    error->line = static_cast<int>(line);
  }
  error->message.erase(0, end + 2);
  return true;
}

LuaError Sandbox::Describe(int index) const {
  LuaError error = Here();
  if (lua_isstring(state_, index) != 0 || IsSecret(state_, index)) {
    error.message = IsSecret(state_, index) ? "<secret>" : lua_tostring(state_, index);
    StripPlace(&error);
    return error;
  }
  error.message = fmt::format("error() was given {}, not a text", TypeName(state_, index));
  return error;
}

int Sandbox::HandleMessage(lua_State* state) {
  Sandbox& sandbox = Of(state);
  sandbox.error_ = sandbox.Describe(1);
  return 1;
}

}  // namespace fettle::recipe
