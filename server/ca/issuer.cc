// SPDX-License-Identifier: Apache-2.0
#include "server/ca/issuer.h"

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"

namespace fettle::server {
namespace {

constexpr std::size_t kMaxCommonName = 64;

}  // namespace

Digest KeyDigest(const std::string& public_key_pem) {
  return Sha256(public_key_pem);
}

absl::StatusOr<IssuedCertificate> IssueCertificate(const pki::CertificateAuthority& authority,
                                                   const pki::Identity& identity,
                                                   const std::string& request_pem,
                                                   absl::Duration validity,
                                                   absl::Time now) {
  pki::IssueRequest request;
  request.identity = identity;
  request.csr_pem = request_pem;
  request.common_name = identity.name.substr(0, kMaxCommonName);
  request.validity = validity;
  request.now = now;
  IssuedCertificate issued;
  ASSIGN_OR_RETURN(issued.pem, authority.Issue(request));
  ASSIGN_OR_RETURN(const pki::CertificateInfo info, pki::ParseCertificate(issued.pem));
  ASSIGN_OR_RETURN(const std::string key, pki::CertificatePublicKey(issued.pem));
  issued.record.serial = info.serial;
  issued.record.subject = identity.role == pki::Role::kHost ? Subject::kHost : Subject::kUser;
  issued.record.name = identity.name;
  issued.record.key = KeyDigest(key);
  issued.record.issued = now;
  issued.record.expires = info.not_after;
  return issued;
}

}  // namespace fettle::server
