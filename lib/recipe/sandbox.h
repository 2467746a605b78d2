// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <lua.hpp>

#include "lib/recipe/evaluate.h"

// Debian builds this Lua as C++: a Lua error is a C++ exception of Lua's own that unwinds our
// frames, so objects with destructors may live in functions that raise.
namespace fettle::recipe {

class Evaluation;

// The path of text that `load` compiles: errors in it stand where it was loaded.
inline constexpr std::string_view kLoadedText = "=load";

// A Lua error with the place where it was raised. `line` 0: not known.
struct LuaError {
  std::string message;
  std::string file;
  int line = 0;
};

// One Lua state with a bounded memory, instruction count and time, and a standard library that can
// reach nothing outside and gives equal results everywhere. Used by one thread.
class Sandbox {
 public:
  // `evaluation` is what the words of the language find again; may be null.
  Sandbox(const Limits& limits, Evaluation* evaluation);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // OK unless even an empty state did not fit.
  absl::Status Open();

  lua_State* state() const { return state_; }

  // The sandbox that `state` belongs to.
  static Sandbox& Of(lua_State* state);

  Evaluation* evaluation() const { return evaluation_; }

  // Gives what is called next all instructions and all the time of the limits anew. A sandbox that
  // is dead stays so.
  void Refill();

  // Counts `steps` instructions that a C function is about to do in Lua's stead. Raises when that
  // is more than is left.
  void Charge(uint64_t steps);

  // Ends the evaluation for good: raises, and no pcall stops it.
  [[noreturn]] void Kill(std::string reason);

  // Whether a limit was passed: nothing may go on.
  bool dead() const { return !death_.empty(); }

  const std::string& death() const { return death_; }

  void set_death(std::string reason);

  // Pushes the compiled `source`, whose environment is the table at `environment`. On failure
  // pushes nothing. Text only, never bytecode.
  bool LoadText(std::string_view source, const std::string& path, int environment, LuaError* error);

  // Calls the function below `arguments` arguments; on failure the stack is without them and
  // without results, and `error` says what and where.
  bool Call(int arguments, int results, LuaError* error);

  // Pushes a new global environment: the library, `_G`, and an error for each name that is not
  // there.
  void PushEnvironment();

  // Makes the value on top (popped) a name of every environment made from now on.
  void SetWord(const char* name);

  // Where the innermost Lua function on the stack stands.
  LuaError Here() const;

  uint64_t instructions() const { return used_; }

  std::size_t peak_memory() const { return peak_; }

 private:
  static void* Allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void CountHook(lua_State* state, lua_Debug* debug);
  static int HandleMessage(lua_State* state);
  void OpenLibraries();
  void AddChunk(const std::string& shown, const std::string& path);
  void Account(uint64_t steps);
  LuaError Describe(int index) const;
  // Takes "chunk:line: " off `message` when it names a chunk of ours.
  bool StripPlace(LuaError* error) const;

  const Limits limits_;
  Evaluation* const evaluation_;
  absl::Duration cpu_end_;  // Of this thread's processor time.
  lua_State* state_ = nullptr;
  std::size_t memory_ = 0;
  std::size_t peak_ = 0;
  uint64_t used_ = 0;
  uint64_t next_look_ = 0;  // At the clock.
  std::string death_;
  LuaError error_;      // What HandleMessage made of the last error.
  LuaError no_memory_;  // Where an allocation was last refused.
  std::map<std::string, std::set<std::string>> chunks_;  // Name in messages -> paths.
};

// Raises an error whose text is the message and nothing else (its place is found by who catches
// it).
[[noreturn]] void RaiseText(lua_State* state, const std::string& message);

template <typename... Args>
[[noreturn]] void Raise(lua_State* state, fmt::format_string<Args...> format, Args&&... args) {
  RaiseText(state, fmt::format(format, std::forward<Args>(args)...));
}

// The text at `index`; the view lives as long as the string is on the stack. Raises when it is
// none.
std::string_view CheckText(lua_State* state, int index, std::string_view what);
// The same without conversion or error: empty when it is no text.
std::string_view TextAt(lua_State* state, int index);
void PushText(lua_State* state, std::string_view text);

// A name of one of our libraries and its function.
struct Function {
  const char* name;
  lua_CFunction function;
};

// The library's pairs: keys in a defined order.
int SortedPairs(lua_State* state);

// Library parts, called once by Sandbox with the library's table on top of the stack.
void ReplaceBase(lua_State* state);
void ReplaceString(lua_State* state);
void ReplaceTable(lua_State* state);

}  // namespace fettle::recipe
