// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/evidence/leaf.h"
#include "lib/pki/signing_key.h"

namespace fettle::evidence {

// What a host signs for a batch of its reports: who it is, where the batch stands in its history,
// and the digest of the batch's bytes. `after` says that nothing was kept between it and the first
// report of the batch, so that a batch that somebody leaves out later is missed.
struct ReportsStatement {
  std::string host;
  std::string epoch;
  uint64_t after = 0;
  uint64_t last = 0;
  Digest digest;
};

// What SigningKey::Sign() signs it for.
inline constexpr std::string_view kReportsPurpose = "fettle reports v1";

// The bytes that are signed: a line each for host, epoch, after, last and digest (hexadecimal).
std::string StatementText(const ReportsStatement& statement);

ReportsStatement StatementOf(const ReportsLeaf& leaf);

absl::StatusOr<std::string> SignReports(const ReportsStatement& statement,
                                        const pki::SigningKey& key);

// Whether `signature` is one of the statement under the 32 bytes of `public_key`.
bool VerifyReports(const ReportsStatement& statement,
                   std::string_view public_key,
                   std::string_view signature);

// How people see a host's key: "SHA256:" and the base 64 of its digest, without padding.
std::string KeyFingerprint(std::string_view public_key);

}  // namespace fettle::evidence
