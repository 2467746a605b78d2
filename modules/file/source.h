// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "lib/base/status_macros.h"
#include "lib/digest/digest.h"

namespace fettle::modules {

// The digest in a `source`, "sha256:<hex>"; kInvalidArgument for anything else. Only for
// modules/file.
inline absl::StatusOr<Digest> ParseSource(std::string_view source) {
  constexpr std::string_view kScheme = "sha256:";
  if (!source.starts_with(kScheme)) {
    return InvalidArgument("\"{}\" names no file below files/", source);
  }
  return Digest::FromHex(source.substr(kScheme.size()));
}

}  // namespace fettle::modules
