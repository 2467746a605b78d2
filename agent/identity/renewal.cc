// SPDX-License-Identifier: Apache-2.0
#include "agent/identity/renewal.h"

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/certificate_verify.h"
#include "lib/pki/private_key.h"

namespace fettle::agent {

absl::Time Renewal::DueAt() const {
  return identity_.not_before + Life() / 2;
}

absl::StatusOr<std::string> Renewal::Begin(absl::Time now) {
  constexpr int kTriesInALife = 20;
  not_before_ = now + Life() / kTriesInALife;
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const std::string pem, key.Pem());
  ASSIGN_OR_RETURN(std::string request, pki::MakeCertificateRequest(key, identity_.name));
  RETURN_IF_ERROR(files_.StoreNextKey(pem));
  return request;
}

absl::Status Renewal::Finish(const link::Renewed& renewed, absl::Time now) {
  ASSIGN_OR_RETURN(
      const pki::VerifiedCertificate verified,
      pki::VerifyCertificateFor(pki::Role::kHost, renewed.certificate, identity_.ca, now));
  if (verified.identity.name != identity_.name) {
    return PermissionDenied("the new certificate is for {}, and this is {}; keeping the old one",
                            verified.identity.name,
                            identity_.name);
  }
  // A new authority comes in beside the old one, and only if the old one vouched for the
  // certificate that it came with.
  const std::string& ca = renewed.ca.empty() ? identity_.ca : renewed.ca;
  RETURN_IF_ERROR(
      pki::VerifyCertificateFor(pki::Role::kHost, renewed.certificate, ca, now).status());
  RETURN_IF_ERROR(files_.Adopt(renewed.certificate, ca));
  ASSIGN_OR_RETURN(identity_, files_.Load());
  return absl::OkStatus();
}

}  // namespace fettle::agent
