// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fettle::pki {

// Base 64 (RFC 4648, section 4) with padding.
std::string Base64Encode(std::string_view bytes);

// The same without padding, as OpenSSH writes fingerprints.
std::string Base64EncodeUnpadded(std::string_view bytes);

// Base 64 for URLs and file names (section 5: '-' and '_'), without padding.
std::string Base64UrlEncode(std::string_view bytes);

// The bytes of `text`, which must be exactly what the encoder above writes: no white space, padding
// as it has, no stray bits at the end. So one value has one text, and a damaged one is noticed.
// False otherwise; `bytes` is then unspecified.
bool Base64Decode(std::string_view text, std::string* bytes);
bool Base64UrlDecode(std::string_view text, std::string* bytes);

}  // namespace fettle::pki
