// SPDX-License-Identifier: Apache-2.0
#include "server/siem/text.h"

#include <algorithm>

#include "lib/base/text.h"

namespace fettle::server::siem {
namespace {

bool Continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string CutText(std::string_view text, std::size_t most) {
  std::size_t size = std::min(text.size(), most);
  while (size < text.size() && size > 0 && Continues(text[size])) {
    --size;
  }
  std::string cut(text.substr(0, size));
  if (!IsText(cut)) {
    std::replace_if(
        cut.begin(),
        cut.end(),
        [](char c) { return c == '\0' || static_cast<unsigned char>(c) >= 0x80; },
        '?');
  }
  return size < text.size() ? cut + "…" : cut;
}

}  // namespace fettle::server::siem
