// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/enrol_token.h"

#include <vector>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/base64.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kPrefix = "fettle1";

}  // namespace

EnrolToken EnrolToken::Create(const Digest& ca_fingerprint) {
  return {.secret = RandomBytes(kSecretBytes), .ca_fingerprint = ca_fingerprint};
}

absl::StatusOr<EnrolToken> EnrolToken::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = Split(Trim(text), '.');
  if (parts[0] != kPrefix) {
    return InvalidArgument("not an enrolment token: it must begin with \"{}.\"", kPrefix);
  }
  if (parts.size() != 3) {
    return InvalidArgument(
        "the enrolment token has {} parts between dots, not 3; was it copied whole?", parts.size());
  }
  EnrolToken token;
  if (!Base64UrlDecode(parts[1], &token.secret) || token.secret.size() != kSecretBytes) {
    return InvalidArgument(
        "the enrolment token's second part is damaged ({} characters, 43 of base64url are due); "
        "copy it again or make a new one",
        parts[1].size());
  }
  auto fingerprint = Digest::FromHex(parts[2]);
  if (!fingerprint.ok()) {
    return InvalidArgument(
        "the enrolment token's third part is damaged ({} characters, 64 hexadecimal ones are due); "
        "copy it again or make a new one",
        parts[2].size());
  }
  token.ca_fingerprint = *fingerprint;
  return token;
}

std::string EnrolToken::Text() const {
  return fmt::format("{}.{}.{}", kPrefix, Base64UrlEncode(secret), ca_fingerprint.Hex());
}

Digest EnrolToken::SecretHash() const {
  return Sha256(secret);
}

}  // namespace fettle::pki
