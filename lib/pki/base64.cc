// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/base64.h"

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace fettle::pki {
namespace {

absl::string_view Absl(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  return absl::Base64Escape(Absl(bytes));
}

std::string Base64EncodeUnpadded(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::string Base64UrlEncode(std::string_view bytes) {
  return absl::WebSafeBase64Escape(Absl(bytes));
}

// abseil's decoder forgives white space and missing padding; encoding again shows what it forgave.
bool Base64Decode(std::string_view text, std::string* bytes) {
  return absl::Base64Unescape(Absl(text), bytes) && Base64Encode(*bytes) == text;
}

bool Base64UrlDecode(std::string_view text, std::string* bytes) {
  return absl::WebSafeBase64Unescape(Absl(text), bytes) && Base64UrlEncode(*bytes) == text;
}

}  // namespace fettle::pki
