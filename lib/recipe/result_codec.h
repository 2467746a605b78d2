// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// A result as bytes, for the pipe out of the evaluator.
std::string EncodeResult(const EvaluateResult& result);

// The inverse. The bytes come from a process that ran untrusted code: kInvalidArgument for anything
// that EncodeResult cannot have written, and never much more memory than there are bytes.
absl::StatusOr<EvaluateResult> DecodeResult(std::string_view bytes);

}  // namespace fettle::recipe
