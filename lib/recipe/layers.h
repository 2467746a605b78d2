// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// The files of data/ that apply to the input's host, least specific first: common, os/<id>,
// os/<id>-<version>, label/<key>/<value>, host/<name>; each `<layer>.lua`, `.json`, `.yaml` or
// `.yml`, or a folder of such.
std::vector<std::string> DataLayers(const EvaluateInput& input);

// A JSON or YAML file as a value. kInvalidArgument with the line where there is one. Fractions are
// refused in JSON and are texts in YAML, as everything that is no plain boolean, null or whole
// number (so 0644 and 1.10 stay what they are).
absl::StatusOr<resource::Value> ParseJson(std::string_view text);
absl::StatusOr<resource::Value> ParseYaml(const std::string& text);

// Puts `over` on top of `under`: tables are merged key by key, all else (lists too) is replaced.
void MergeData(const resource::Value& over, resource::Value* under);

// The value at `key`, "a" or "a.b.c"; a key with dots in it comes first. Null when there is none.
const resource::Value* FindData(const resource::Value::Map& data, std::string_view key);

}  // namespace fettle::recipe
