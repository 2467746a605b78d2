// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/resource/schema.h"

namespace fettle::resource {
namespace {

constexpr uint32_t kAllModeBits = 07777;

// What the recipe gave, for "found …": short texts are shown, secrets never.
std::string Found(const Value& value) {
  constexpr std::size_t kShown = 60;
  if (value.kind() == Value::Kind::kString && value.AsString().size() <= kShown) {
    return fmt::format("\"{}\"", value.AsString());
  }
  if (value.kind() == Value::Kind::kBool || value.kind() == Value::Kind::kInteger) {
    return value.Display();
  }
  return std::string(KindName(value.kind()));
}

absl::Status Expected(const AttributeSchema& attribute,
                      std::string_view expected,
                      const Value& value,
                      std::string_view hint = "") {
  return InvalidArgument(
      "{}: expected {}, found {}{}", attribute.name, expected, Found(value), hint);
}

bool IsText(const Value& value) {
  return value.kind() == Value::Kind::kString || value.kind() == Value::Kind::kSecret;
}

bool IsEmptyTable(const Value& value) {
  return (value.kind() == Value::Kind::kMap && value.AsMap().empty()) ||
         (value.kind() == Value::Kind::kList && value.AsList().empty());
}

// "u=rwx,go=rx", from nothing; false when it is not of that form.
bool ParseSymbolicClause(std::string_view clause, uint32_t* mode) {
  const std::size_t equals = clause.find('=');
  if (equals == std::string_view::npos) {
    return false;
  }
  const std::string_view who = equals == 0 ? "a" : clause.substr(0, equals);
  bool user = false;
  bool group = false;
  bool other = false;
  for (const char c : who) {
    user = user || c == 'u' || c == 'a';
    group = group || c == 'g' || c == 'a';
    other = other || c == 'o' || c == 'a';
    if (std::string_view("ugoa").find(c) == std::string_view::npos) {
      return false;
    }
  }
  uint32_t bits = 0;
  uint32_t special = 0;
  for (const char c : clause.substr(equals + 1)) {
    switch (c) {
      case 'r':
        bits |= 4U;
        break;
      case 'w':
        bits |= 2U;
        break;
      case 'x':
        bits |= 1U;
        break;
      case 's':
        special |= (user ? 04000U : 0U) | (group ? 02000U : 0U);
        break;
      case 't':
        special |= 01000U;
        break;
      default:
        return false;
    }
  }
  *mode |= special | (user ? bits << 6U : 0U) | (group ? bits << 3U : 0U) | (other ? bits : 0U);
  return true;
}

bool ParseMode(std::string_view text, uint32_t* mode) {
  *mode = 0;
  if (text.empty()) {
    return false;
  }
  if (text.find('=') == std::string_view::npos) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *mode, 8);
    return error == std::errc() && end == text.data() + text.size() && text.size() >= 3 &&
           text.size() <= 5 && *mode <= kAllModeBits;
  }
  const std::vector<std::string_view> clauses = Split(text, ',');
  return std::all_of(clauses.begin(), clauses.end(), [mode](std::string_view clause) {
    return ParseSymbolicClause(clause, mode);
  });
}

absl::StatusOr<Value> NormalizeMode(const AttributeSchema& attribute, const Value& value) {
  constexpr std::string_view kWanted = "permission bits as text, \"0644\" or \"u=rw,go=r\"";
  if (value.kind() == Value::Kind::kInteger) {
    return Expected(
        attribute, kWanted, value, " (a number would be read as decimal: write it between quotes)");
  }
  uint32_t mode = 0;
  if (value.kind() != Value::Kind::kString || !ParseMode(value.AsString(), &mode)) {
    return Expected(attribute, kWanted, value);
  }
  return Value(fmt::format("{:04o}", mode));
}

absl::StatusOr<Value> NormalizePath(const AttributeSchema& attribute, const Value& value) {
  if (value.kind() != Value::Kind::kString) {
    return Expected(attribute, "an absolute path", value);
  }
  absl::StatusOr<std::string> path = CanonicalPath(value.AsString());
  if (!path.ok()) {
    return Annotate(path.status(), attribute.name);
  }
  return Value(*std::move(path));
}

absl::StatusOr<Value> NormalizeDuration(const AttributeSchema& attribute, const Value& value) {
  constexpr std::string_view kWanted =
      "a duration as text, such as \"90s\", \"5m\", \"2h\", \"1d\"";
  if (value.kind() != Value::Kind::kString) {
    return Expected(attribute, kWanted, value);
  }
  const absl::StatusOr<absl::Duration> duration = ParseDuration(value.AsString());
  if (!duration.ok()) {
    return Expected(attribute, kWanted, value);
  }
  return Value(absl::FormatDuration(*duration));
}

// Members of a list as texts; a single text is a list of one.
absl::StatusOr<Value> NormalizeList(const AttributeSchema& attribute, const Value& value) {
  if (IsText(value)) {
    return Value(Value::List{value});
  }
  if (IsEmptyTable(value)) {
    return Value(Value::List{});
  }
  if (value.kind() != Value::Kind::kList) {
    return Expected(attribute, "a list of texts", value);
  }
  for (const Value& item : value.AsList()) {
    if (!IsText(item)) {
      return Expected(attribute, "a list of texts", item, " in it");
    }
  }
  return value;
}

absl::StatusOr<Value> NormalizeMap(const AttributeSchema& attribute, const Value& value) {
  if (IsEmptyTable(value)) {
    return Value(Value::Map{});
  }
  if (value.kind() != Value::Kind::kMap) {
    return Expected(attribute, "a table of texts by name", value);
  }
  Value::Map texts;
  for (const auto& [key, item] : value.AsMap()) {
    if (item.kind() == Value::Kind::kBool || item.kind() == Value::Kind::kInteger) {
      texts.emplace(key, item.Display());
    } else if (IsText(item)) {
      texts.emplace(key, item);
    } else {
      return Expected(
          attribute, "a table of texts by name", item, fmt::format(" under \"{}\"", key));
    }
  }
  return Value(std::move(texts));
}

absl::StatusOr<Value> NormalizeCommand(const AttributeSchema& attribute, const Value& value) {
  constexpr std::string_view kWanted =
      "a command: a list of words, or one text without quoting that is split at blanks";
  if (value.HasSecret()) {
    return InvalidArgument(
        "{}: a secret may not stand on a command line, where every user of the host can read it; "
        "put it into a file or the environment",
        attribute.name);
  }
  Value::List words;
  if (value.kind() == Value::Kind::kString) {
    for (const std::string_view word : SplitWords(value.AsString())) {
      words.emplace_back(word);
    }
  } else {
    ASSIGN_OR_RETURN(const Value list, NormalizeList(attribute, value));
    words = list.AsList();
  }
  if (words.empty() || words.front().AsString().empty()) {
    return Expected(attribute, kWanted, value);
  }
  return Value(std::move(words));
}

absl::StatusOr<Value> NormalizeInteger(const AttributeSchema& attribute, const Value& value) {
  if (value.kind() != Value::Kind::kInteger) {
    return Expected(attribute, KindName(Value::Kind::kInteger), value);
  }
  const int64_t number = value.AsInteger();
  if (attribute.min.has_value() && number < *attribute.min) {
    return Expected(attribute, fmt::format("at least {}", *attribute.min), value);
  }
  if (attribute.max.has_value() && number > *attribute.max) {
    return Expected(attribute, fmt::format("at most {}", *attribute.max), value);
  }
  return value;
}

absl::StatusOr<Value> ByType(const AttributeSchema& attribute, const Value& value) {
  switch (attribute.type) {
    case AttributeType::kBool:
      if (value.kind() != Value::Kind::kBool) {
        return Expected(attribute, KindName(Value::Kind::kBool), value);
      }
      return value;
    case AttributeType::kInteger:
      return NormalizeInteger(attribute, value);
    case AttributeType::kString:
      if (attribute.number_too && value.kind() == Value::Kind::kInteger) {
        return Value(value.Display());
      }
      if (!IsText(value)) {
        return Expected(attribute, KindName(Value::Kind::kString), value);
      }
      return value;
    case AttributeType::kStringList:
      return NormalizeList(attribute, value);
    case AttributeType::kStringMap:
      return NormalizeMap(attribute, value);
    case AttributeType::kPath:
      return NormalizePath(attribute, value);
    case AttributeType::kMode:
      return NormalizeMode(attribute, value);
    case AttributeType::kDuration:
      return NormalizeDuration(attribute, value);
    case AttributeType::kCommand:
      break;
  }
  return NormalizeCommand(attribute, value);
}

absl::Status CheckAllowed(const AttributeSchema& attribute, const Value& value) {
  if (attribute.allowed.empty()) {
    return absl::OkStatus();
  }
  const Value::List one = IsText(value) ? Value::List{value} : Value::List{};
  const Value::List& texts = value.kind() == Value::Kind::kList ? value.AsList() : one;
  for (const Value& text : texts) {
    if (std::find(attribute.allowed.begin(), attribute.allowed.end(), text.AsString()) !=
        attribute.allowed.end()) {
      continue;
    }
    const std::vector<std::string_view> known(attribute.allowed.begin(), attribute.allowed.end());
    const std::string hint = text.HasSecret() ? "" : DidYouMean(text.AsString(), known);
    return Expected(
        attribute, fmt::format("one of \"{}\"", fmt::join(known, "\", \"")), text, hint);
  }
  return absl::OkStatus();
}

bool DeclaredAbsent(const Value::Map& declared) {
  const auto at = declared.find("absent");
  return at != declared.end() && at->second == Value(true);
}

// Sets `attribute` from `value`, or says in `errors` why not.
void SetNormalized(const AttributeSchema& attribute,
                   const Value& value,
                   Attributes* attributes,
                   std::vector<std::string>* errors) {
  absl::StatusOr<Value> normalized = NormalizeValue(attribute, value);
  if (normalized.ok()) {
    attributes->Set(attribute.name, *std::move(normalized));
  } else {
    errors->emplace_back(Message(normalized.status()));
  }
}

void FillIn(const Schema& schema,
            const Value::Map& declared,
            Attributes* attributes,
            std::vector<std::string>* errors) {
  const bool absent = DeclaredAbsent(declared);
  for (const AttributeSchema& attribute : schema.attributes) {
    const auto given = declared.find(attribute.name);
    if (given != declared.end() && !given->second.absent()) {
      continue;
    }
    if (!attribute.default_value.absent()) {
      SetNormalized(attribute, attribute.default_value, attributes, errors);
    } else if (attribute.required && !absent) {
      errors->push_back(fmt::format("{}: must be given: {}", attribute.name, attribute.doc));
    }
  }
}

}  // namespace

absl::StatusOr<Value> NormalizeValue(const AttributeSchema& attribute, const Value& value) {
  ASSIGN_OR_RETURN(Value normalized, ByType(attribute, value));
  RETURN_IF_ERROR(CheckAllowed(attribute, normalized));
  return normalized;
}

Attributes Normalize(const Schema& schema,
                     std::string_view name,
                     const Value::Map& declared,
                     std::vector<std::string>* errors) {
  Attributes attributes;
  const std::size_t errors_before = errors->size();
  for (const auto& [key, value] : declared) {
    if (value.absent()) {
      continue;
    }
    if (const AttributeSchema* attribute = schema.Find(key)) {
      SetNormalized(*attribute, value, &attributes, errors);
    } else {
      errors->push_back(fmt::format("{}: {} has no such attribute{}",
                                    key,
                                    schema.type,
                                    DidYouMean(key, schema.AttributeNames())));
    }
  }
  FillIn(schema, declared, &attributes, errors);
  if (errors->size() == errors_before && schema.check != nullptr) {
    if (const absl::Status status = schema.check(name, attributes); !status.ok()) {
      errors->emplace_back(Message(status));
    }
  }
  return attributes;
}

absl::StatusOr<std::string> CanonicalPath(std::string_view path) {
  if (path.empty()) {
    return InvalidArgument("expected an absolute path, found an empty text");
  }
  if (path.find('\0') != std::string_view::npos) {
    return InvalidArgument("expected an absolute path, found a text with a NUL byte");
  }
  if (path.front() != '/') {
    return InvalidArgument("expected an absolute path, found \"{}\" (it does not begin with \"/\")",
                           path);
  }
  std::string canonical;
  canonical.reserve(path.size());
  for (const std::string_view part : Split(path.substr(1), '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    if (part == "..") {
      canonical.resize(canonical.empty() ? 0 : canonical.rfind('/'));
      continue;
    }
    canonical += '/';
    canonical += part;
  }
  return canonical.empty() ? "/" : canonical;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  absl::Duration days = absl::ZeroDuration();
  std::string_view rest = text;
  if (const std::size_t d = text.find('d'); d != std::string_view::npos) {
    int64_t count = 0;
    constexpr int64_t kMostDays = 36500;
    if (!ParseInt(text.substr(0, d), &count) || count < 0 || count > kMostDays) {
      return InvalidArgument("\"{}\" is no duration", text);
    }
    days = absl::Hours(24 * count);
    rest = text.substr(d + 1);
    if (rest.empty()) {
      return days;
    }
  }
  absl::Duration parsed;
  if (!absl::ParseDuration({rest.data(), rest.size()}, &parsed) || parsed < absl::ZeroDuration() ||
      parsed == absl::InfiniteDuration()) {
    return InvalidArgument(
        "\"{}\" is no duration; write it as \"90s\", \"5m\", \"2h30m\", \"1d\" or \"500ms\"", text);
  }
  return days + parsed;
}

}  // namespace fettle::resource
