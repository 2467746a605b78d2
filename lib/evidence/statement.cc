// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/statement.h"

#include "lib/base/status_macros.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {

// Names of hosts and epochs hold no newline: the one is checked at enrolment, the other with the
// batch; and what is signed is compared with what the leaf says, not read.
std::string StatementText(const ReportsStatement& statement) {
  return fmt::format("host {}\nepoch {}\nafter {}\nlast {}\ndigest {}\n",
                     statement.host,
                     statement.epoch,
                     statement.after,
                     statement.last,
                     statement.digest.Hex());
}

ReportsStatement StatementOf(const ReportsLeaf& leaf) {
  return {leaf.host, leaf.epoch, leaf.after, leaf.last, leaf.digest};
}

absl::StatusOr<std::string> SignReports(const ReportsStatement& statement,
                                        const pki::SigningKey& key) {
  return key.Sign(kReportsPurpose, StatementText(statement));
}

bool VerifyReports(const ReportsStatement& statement,
                   std::string_view public_key,
                   std::string_view signature) {
  return pki::VerifyStatement(public_key, kReportsPurpose, StatementText(statement), signature);
}

std::string KeyFingerprint(std::string_view public_key) {
  return "SHA256:" + pki::Base64EncodeUnpadded(Sha256(public_key).Raw());
}

}  // namespace fettle::evidence
