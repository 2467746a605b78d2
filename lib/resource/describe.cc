// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/describe.h"

#include <fmt/format.h>

namespace fettle::resource {

std::string Describe(const Declaration& declaration) {
  const std::string place = declaration.position.DisplayWithChain();
  return place.empty() ? declaration.Id() : fmt::format("{} at {}", declaration.Id(), place);
}

}  // namespace fettle::resource
