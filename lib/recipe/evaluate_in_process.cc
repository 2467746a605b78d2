// SPDX-License-Identifier: Apache-2.0
#include "lib/base/status_macros.h"
#include "lib/recipe/evaluate.h"
#include "lib/recipe/evaluation.h"

namespace fettle::recipe {

absl::StatusOr<EvaluateResult> EvaluateInProcess(const EvaluateInput& input) {
  if (input.tree == nullptr) {
    return InvalidArgument("there is no policy tree to evaluate");
  }
  Evaluation evaluation(input);
  return evaluation.Run();
}

}  // namespace fettle::recipe
