// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "lib/resource/value.h"

namespace fettle::recipe {

// What a recipe says of one of its params.
struct ParamSchema {
  std::string type = "any";  // any string integer boolean list table
  bool required = false;
  resource::Value default_value;
  std::optional<int64_t> min;  // Of an integer, or the length of a text or list.
  std::optional<int64_t> max;
  resource::Value::List allowed;
  std::string doc;
};

// From the table of `param "name" { … }`. kInvalidArgument for unknown words ("did you mean") and
// wrong kinds.
absl::StatusOr<ParamSchema> ParseParam(const resource::Value& table);

// The value of the param, given (null: not) or by default. kInvalidArgument that says what was
// expected and what was found, never the value of a secret.
absl::StatusOr<resource::Value> ParamValue(const ParamSchema& schema, const resource::Value* given);

}  // namespace fettle::recipe
