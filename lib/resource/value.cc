// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/value.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace fettle::resource {
namespace {

[[noreturn]] void WrongKind(Value::Kind found, std::string_view wanted) {
  fmt::print(stderr, "bug: a value that is {} was used as {}\n", KindName(found), wanted);
  std::abort();
}

bool IsIdentifier(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) {
    return false;
  }
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') {
      return false;
    }
  }
  static constexpr std::string_view kKeywords =
      " and break do else elseif end false for function goto if in local nil not or repeat return "
      "then true until while ";
  return kKeywords.find(fmt::format(" {} ", text)) == std::string_view::npos;
}

std::string LuaQuote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string LuaKey(const std::string& key) {
  return IsIdentifier(key) ? key : fmt::format("[{}]", LuaQuote(key));
}

// The parts of a list or map between brackets, each made by `part`.
template <typename Items, typename Part>
// NOLINTNEXTLINE(misc-no-recursion): values are trees
std::string Join(const Items& items, std::string_view open, std::string_view close, Part part) {
  std::string out(open);
  std::string_view separator;
  for (const auto& item : items) {
    out += separator;
    out += part(item);
    separator = ", ";
  }
  out += close;
  return out;
}

}  // namespace

Value Value::Secret(std::string text) {
  Value value;
  value.data_ = SecretText{std::move(text)};
  return value;
}

// Depth is that of the value, which the decoder and the recipe sandbox bound.
bool Value::HasSecret() const {  // NOLINT(misc-no-recursion): values are trees of bounded depth
  switch (kind()) {
    case Kind::kSecret:
      return true;
    case Kind::kList:
      for (const Value& item : AsList()) {
        if (item.HasSecret()) {
          return true;
        }
      }
      return false;
    case Kind::kMap:
      for (const auto& [key, item] : AsMap()) {
        if (item.HasSecret()) {
          return true;
        }
      }
      return false;
    default:
      return false;
  }
}

bool Value::AsBool() const {
  if (const bool* value = std::get_if<bool>(&data_)) {
    return *value;
  }
  WrongKind(kind(), KindName(Kind::kBool));
}

int64_t Value::AsInteger() const {
  if (const int64_t* value = std::get_if<int64_t>(&data_)) {
    return *value;
  }
  WrongKind(kind(), KindName(Kind::kInteger));
}

const std::string& Value::AsString() const {
  if (const std::string* value = std::get_if<std::string>(&data_)) {
    return *value;
  }
  if (const SecretText* value = std::get_if<SecretText>(&data_)) {
    return value->text;
  }
  WrongKind(kind(), KindName(Kind::kString));
}

const Value::List& Value::AsList() const {
  if (const List* value = std::get_if<List>(&data_)) {
    return *value;
  }
  WrongKind(kind(), KindName(Kind::kList));
}

const Value::Map& Value::AsMap() const {
  if (const Map* value = std::get_if<Map>(&data_)) {
    return *value;
  }
  WrongKind(kind(), KindName(Kind::kMap));
}

// NOLINTBEGIN(misc-no-recursion): values are trees, whose depth whoever made them has bounded
std::string Value::Display() const {
  switch (kind()) {
    case Kind::kAbsent:
      return "(absent)";
    case Kind::kBool:
      return AsBool() ? "true" : "false";
    case Kind::kInteger:
      return fmt::format("{}", AsInteger());
    case Kind::kString:
      return AsString();
    case Kind::kSecret:
      return "(secret)";
    case Kind::kList:
      return Join(AsList(), "[", "]", [](const Value& item) { return item.Display(); });
    case Kind::kMap:
      break;
  }
  return Join(AsMap(), "{", "}", [](const auto& item) {
    return fmt::format("{} = {}", item.first, item.second.Display());
  });
}

std::string Value::ToLua() const {
  switch (kind()) {
    case Kind::kAbsent:
      return "nil";
    case Kind::kSecret:
      return "nil --[[secret]]";
    case Kind::kString:
      return LuaQuote(AsString());
    case Kind::kList:
      return Join(AsList(), "{", "}", [](const Value& item) { return item.ToLua(); });
    case Kind::kMap:
      return Join(AsMap(), "{", "}", [](const auto& item) {
        return fmt::format("{} = {}", LuaKey(item.first), item.second.ToLua());
      });
    default:
      return Display();
  }
}

// NOLINTEND(misc-no-recursion)

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kAbsent:
      return "nothing";
    case Value::Kind::kBool:
      return "true or false";
    case Value::Kind::kInteger:
      return "a whole number";
    case Value::Kind::kString:
      return "text";
    case Value::Kind::kSecret:
      return "a secret";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      break;
  }
  return "a table";
}

}  // namespace fettle::resource
