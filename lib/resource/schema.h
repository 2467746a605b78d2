// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/resource/value.h"

namespace fettle::resource {

// What an attribute may hold. Text forms are checked and brought into canonical form by
// Normalize().
enum class AttributeType {
  kBool,
  kInteger,
  kString,      // Any text; may be secret.
  kStringList,  // A list of texts; a single text is taken as a list of one.
  kStringMap,   // A table of texts by name; booleans and integers become text.
  kPath,        // An absolute path; canonical without "//", "/./", "/../" and a final "/".
  kMode,  // Octal permission bits as text, "0644" or "644"; canonical with four digits. Numbers are
          // refused (an unquoted 0644 is 644 in Lua). Symbolic modes ("u=rw,go=r") are brought into
          // octal.
  kDuration,  // "90s", "5m", "2h", "1d", "500ms"; canonical as absl::FormatDuration prints it.
  kCommand,   // A list (argv, no shell) or one text split at blanks without any quoting; canonical
              // as a list.
};

// One attribute of a resource type: data from which checking, messages, `fettle doc`, the reference
// pages and editor annotations all come.
struct AttributeSchema {
  std::string name;
  AttributeType type = AttributeType::kString;
  std::string doc;                        // One sentence.
  bool required = false;                  // Must be declared (unless absent = true).
  Value default_value = Value();          // Absent: not managed unless declared.
  std::vector<std::string> allowed = {};  // If not empty, the texts it may be.
  std::optional<int64_t> min = std::nullopt;
  std::optional<int64_t> max = std::nullopt;
  bool number_too = false;  // kString: a whole number is taken as its digits (minute = 30).
  bool secret = false;      // Never shown, whatever the recipe says of it.
  // Steers how the resource is brought about (force, validate, lock_wait …) and is no state of the
  // host itself: it is never compared, `fettle inspect` does not print it, and the contract suite
  // does not change it behind our back.
  bool parameter = false;
};

class Attributes;

// What a resource owns, needs and brings: texts of the form "path:/etc/hosts", "user:www",
// "group:www", "package:nginx", "unit:nginx.service", "sysctl:vm.swappiness", "cron:root/backup".
// From these come automatic order (who needs after who provides), and conflicts (two resources that
// own the same). A directory need is "path:<directory>"; a file in /etc/systemd/system provides its
// unit.
struct Footprint {
  std::vector<std::string> owns;
  std::vector<std::string> provides;
  std::vector<std::string> needs;
};

// A resource type as data: enough for the server, the recipe sandbox and the documents, without any
// code that touches a machine. Each type's schema.cc defines one.
struct Schema {
  std::string type;      // "file": the word in recipes; also folder and file name.
  std::string doc;       // What it manages, one or two sentences.
  std::string name_doc;  // What the resource's name means: "the absolute path of the file".
  std::string example;   // A recipe that uses it, a few lines.
  std::vector<AttributeSchema> attributes;

  // Canonical name (for paths: normalised), or kInvalidArgument saying what is wrong with it.
  absl::StatusOr<std::string> (*canonical_name)(std::string_view name) = nullptr;

  // Rules that span attributes, after each passed its own; null if there are none. Returns
  // kInvalidArgument.
  absl::Status (*check)(std::string_view name, const Attributes& attributes) = nullptr;

  // Pure function of the declaration. Never null.
  Footprint (*footprint)(std::string_view name, const Attributes& attributes) = nullptr;

  // Whether it is a step whose effect cannot be foreseen (exec): plans mark and count it.
  bool opaque = false;
  // Whether it only looks (check).
  bool read_only = false;
  // Whether it comes after all that is not told to come after it (reboot).
  bool last = false;

  const AttributeSchema* Find(std::string_view attribute) const;
  std::vector<std::string_view> AttributeNames() const;
};

// The attributes of one declared resource, in canonical form: what Normalize() made of what the
// recipe said, with defaults filled in. Attributes that are neither declared nor have a default are
// not there: not managed.
class Attributes {
 public:
  Attributes() = default;

  // Sets or replaces.
  void Set(std::string_view name, Value value);

  // Null when it is not managed.
  const Value* Find(std::string_view name) const;

  bool Has(std::string_view name) const { return Find(name) != nullptr; }

  // The content, or `fallback` when it is not managed. Aborts on another kind than the schema's.
  bool Bool(std::string_view name, bool fallback) const;
  int64_t Integer(std::string_view name, int64_t fallback) const;
  std::string String(std::string_view name, std::string_view fallback) const;
  std::vector<std::string> StringList(std::string_view name) const;
  absl::Duration Duration(std::string_view name, absl::Duration fallback) const;
  // The permission bits of a kMode attribute.
  uint32_t Mode(std::string_view name, uint32_t fallback) const;

  // In order of name.
  std::span<const std::pair<std::string, Value>> all() const { return entries_; }

  bool operator==(const Attributes&) const = default;

 private:
  std::vector<std::pair<std::string, Value>> entries_;  // Sorted by name.
};

// Checks `declared` (name -> value as the recipe gave it) against `schema`, fills in defaults and
// brings every value into canonical form. Reports all that is wrong, not the first alone: on
// failure `errors` is not empty, each a sentence that names the attribute, what was expected and
// what was found, with "did you mean" for unknown names.
Attributes Normalize(const Schema& schema,
                     std::string_view name,
                     const Value::Map& declared,
                     std::vector<std::string>* errors);

// One value brought into the canonical form of `attribute`, or kInvalidArgument.
absl::StatusOr<Value> NormalizeValue(const AttributeSchema& attribute, const Value& value);

// A path in canonical form (see AttributeType::kPath), or kInvalidArgument: relative, empty, or
// with NUL.
absl::StatusOr<std::string> CanonicalPath(std::string_view path);

// "5s", "2h30m", "1d" (absl's forms and days); kInvalidArgument otherwise or if negative.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

}  // namespace fettle::resource
