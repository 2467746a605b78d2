// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "agent/journal/knowledge.h"

namespace fettle::journal {

// The bytes of one record.
std::string EncodeRecord(const Record& record);

// The inverse; kInvalidArgument on anything else.
absl::StatusOr<Record> DecodeRecord(std::string_view bytes);

}  // namespace fettle::journal
