// SPDX-License-Identifier: Apache-2.0
// Inside server/siem only: texts of others, made fit for a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fettle::server::siem {

// At most `most` bytes of `text` as UTF-8 (what is none becomes "?"), not cut within a character,
// with "…" where something is missing.
std::string CutText(std::string_view text, std::size_t most);

}  // namespace fettle::server::siem
