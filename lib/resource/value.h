// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fettle::resource {

// The value of an attribute, declared or observed: nothing, a boolean, an integer, text, a list or
// a map. Text can be secret: it compares and can be written to the machine like any text, but
// nothing prints it (see Display()). There are no fractions: nothing that a host is configured with
// needs them and they do not compare. A regular value type.
class Value {  // NOLINT(misc-no-recursion): holds lists and maps of itself
 public:
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;
  enum class Kind { kAbsent, kBool, kInteger, kString, kSecret, kList, kMap };

  // Absent: there is nothing there, or nothing is declared.
  Value() = default;

  // NOLINTBEGIN(google-explicit-constructor): a value type, written as what it holds
  Value(bool value) : data_(value) {}

  Value(int value) : data_(int64_t{value}) {}

  Value(int64_t value) : data_(value) {}

  Value(std::string value) : data_(std::move(value)) {}

  Value(std::string_view value) : data_(std::string(value)) {}

  Value(const char* value) : data_(std::string(value)) {}

  Value(List value) : data_(std::move(value)) {}

  Value(Map value) : data_(std::move(value)) {}

  // NOLINTEND(google-explicit-constructor)

  static Value Absent() { return {}; }

  static Value Secret(std::string text);

  Kind kind() const { return static_cast<Kind>(data_.index()); }

  bool absent() const { return kind() == Kind::kAbsent; }

  // Whether this or anything inside it is secret.
  bool HasSecret() const;

  // The content; aborts when the kind is another one (callers have the schema's word for it).
  bool AsBool() const;
  int64_t AsInteger() const;
  const std::string& AsString() const;  // Plain or secret text.
  const List& AsList() const;
  const Map& AsMap() const;

  // For people: text as it is, lists as [a, b], maps as {k = v}, "(absent)", and "(secret)" for
  // whatever is secret.
  std::string Display() const;

  // As a Lua expression: quoted text, {…}; a secret as `nil --[[secret]]`. What `fettle inspect`
  // prints.
  std::string ToLua() const;

  bool operator==(const Value&) const = default;

 private:
  struct SecretText {
    std::string text;
    bool operator==(const SecretText&) const = default;
  };

  std::variant<std::monostate, bool, int64_t, std::string, SecretText, List, Map> data_;
};

// The plain word for a kind, for messages: "text", "a whole number", "true or false", "a list", "a
// table".
std::string_view KindName(Value::Kind kind);

}  // namespace fettle::resource
