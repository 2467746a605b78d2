// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"

// What filters look at: named fields, and which names there are.
namespace fettle::filter {

using Value = std::variant<bool, double, std::string, absl::Time>;

enum class Kind : uint8_t {
  kText,
  kNumber,
  kTruth,
  kTime,
  kAny,  // Known only when it is seen: facts.
};

// A field that is always known by its name.
struct Field {
  std::string_view name;
  Kind kind = Kind::kText;
  std::span<const std::string_view> words = {};  // All that it can be; none: any text.
};

// The words of a kind of filter. What it refers to must outlive the filters parsed with it.
struct Language {
  std::span<const Field> fields;
  // First parts of names whose rest is open: "labels", "os".
  std::span<const std::string_view> open;
  // The field that a filter of one bare word is a pattern of: "name".
  std::string_view subject;
};

// One thing that a filter may hold of.
class Fields {
 public:
  virtual ~Fields() = default;

  // The values of a field: none when it is absent, several of a list; a filter holds of a list when
  // it holds of one of them.
  virtual std::vector<Value> Find(std::string_view name) const = 0;
};

}  // namespace fettle::filter
