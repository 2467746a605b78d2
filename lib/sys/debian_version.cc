// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/debian_version.h"

#include <cstdint>

#include "lib/base/text.h"

namespace fettle::sys {
namespace {

struct Parts {
  int64_t epoch = 0;
  std::string_view upstream;
  std::string_view revision;
};

Parts Take(std::string_view version) {
  Parts parts;
  if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) {
    if (!ParseInt(version.substr(0, colon), &parts.epoch)) {
      parts.epoch = 0;
    }
    version.remove_prefix(colon + 1);
  }
  const std::size_t dash = version.rfind('-');
  parts.upstream = version.substr(0, dash);
  parts.revision = dash == std::string_view::npos ? "" : version.substr(dash + 1);
  return parts;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The rank of the first character of `text` among non-digits: "~", then the end or a digit,
// letters, the rest.
int Rank(std::string_view text) {
  if (text.empty() || IsDigit(text[0])) {
    return 0;
  }
  const char c = text[0];
  if (c == '~') {
    return -1;
  }
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter ? static_cast<unsigned char>(c) : static_cast<unsigned char>(c) + 256;
}

std::string_view TakeNumber(std::string_view& text) {
  while (!text.empty() && text[0] == '0') {
    text.remove_prefix(1);
  }
  std::size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) {
    ++size;
  }
  const std::string_view number = text.substr(0, size);
  text.remove_prefix(size);
  return number;
}

int Sign(int64_t difference) {
  return difference < 0 ? -1 : (difference > 0 ? 1 : 0);
}

// Numbers of any length, without leading zeros.
int CompareNumbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return a.size() < b.size() ? -1 : 1;
  }
  return Sign(a.compare(b));
}

bool HasNonDigit(std::string_view text) {
  return !text.empty() && !IsDigit(text[0]);
}

int CompareParts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while (HasNonDigit(a) || HasNonDigit(b)) {
      if (const int order = Sign(Rank(a) - Rank(b)); order != 0) {
        return order;
      }
      a.remove_prefix(1);  // Equal ranks, and not both at a digit or the end: both have one.
      b.remove_prefix(1);
    }
    const std::string_view of_a = TakeNumber(a);
    if (const int order = CompareNumbers(of_a, TakeNumber(b)); order != 0) {
      return order;
    }
  }
  return 0;
}

}  // namespace

int CompareDebianVersions(std::string_view a, std::string_view b) {
  const Parts left = Take(a);
  const Parts right = Take(b);
  if (left.epoch != right.epoch) {
    return left.epoch < right.epoch ? -1 : 1;
  }
  const int order = CompareParts(left.upstream, right.upstream);
  return order != 0 ? order : CompareParts(left.revision, right.revision);
}

}  // namespace fettle::sys
