// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/certificate_authority.h"

#include <algorithm>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_builder.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

// The one use of a certificate of `role`: servers answer, hosts and users call.
const char* ExtendedUsage(Role role) {
  return role == Role::kServer ? "serverAuth" : "clientAuth";
}

absl::Status CheckValidity(absl::Duration validity) {
  if (validity <= absl::ZeroDuration() || validity == absl::InfiniteDuration()) {
    return InvalidArgument("a certificate's validity must be a positive duration, not {}",
                           absl::FormatDuration(validity));
  }
  return absl::OkStatus();
}

absl::StatusOr<KeyPtr> RequestedKey(const IssueRequest& request) {
  if (request.csr_pem.empty() == request.public_key_pem.empty()) {
    return InvalidArgument("a certificate is issued for a request or for a public key: give one");
  }
  std::string key_pem = request.public_key_pem;
  if (!request.csr_pem.empty()) {
    ASSIGN_OR_RETURN(CertificateRequest csr, VerifyCertificateRequest(request.csr_pem));
    key_pem = std::move(csr.public_key_pem);
  }
  ASSIGN_OR_RETURN(KeyPtr key, ReadPublicKey(key_pem));
  if (!IsP256(key.get())) {
    return InvalidArgument("the public key is not ECDSA on P-256, the kind that TLS here uses");
  }
  return key;
}

absl::Status CheckRequest(const IssueRequest& request, const CertificateInfo& authority) {
  RETURN_IF_ERROR(Identity::Of(request.identity.role, request.identity.name).status());
  RETURN_IF_ERROR(CheckValidity(request.validity));
  if (request.now < authority.not_before || request.now >= authority.not_after) {
    return FailedPrecondition(
        "the certificate authority \"{}\" is valid from {} to {}, and it is {} here; check the "
        "clock, or make a new authority",
        authority.common_name,
        Rfc3339(authority.not_before),
        Rfc3339(authority.not_after),
        Rfc3339(request.now));
  }
  return absl::OkStatus();
}

absl::Status AddEndExtensions(X509& certificate, X509& issuer, const IssueRequest& request) {
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature"));
  RETURN_IF_ERROR(
      AddExtension(certificate, issuer, NID_ext_key_usage, ExtendedUsage(request.identity.role)));
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always"));
  return AddAlternativeNames(certificate,
                             {.uri = request.identity.Uri(),
                              .dns_names = request.dns_names,
                              .ip_addresses = request.ip_addresses},
                             /*critical=*/request.common_name.empty());
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Of(PrivateKey key, X509Ptr certificate) {
  CertificateAuthority authority(std::move(key), std::move(certificate));
  ASSIGN_OR_RETURN(authority.info_, DescribeCertificate(*authority.certificate_));
  ASSIGN_OR_RETURN(authority.certificate_pem_, CertificatePem(authority.certificate_.get()));
  return authority;
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(std::string_view common_name,
                                                                  absl::Duration validity,
                                                                  absl::Time now) {
  const ErrorScope errors;
  RETURN_IF_ERROR(CheckValidity(validity));
  if (common_name.empty()) {
    return InvalidArgument("a certificate authority needs a common name");
  }
  ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate());
  X509Ptr made(X509_new());
  RETURN_IF_ERROR(StartCertificate(*made, now - kBackdate, now + validity));
  RETURN_IF_ERROR(SetCommonName(X509_get_subject_name(made.get()), common_name));
  if (X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) != 1 ||
      X509_set_pubkey(made.get(), key.handle()) != 1) {
    return Internal("building a certificate: {}", LastError());
  }
  RETURN_IF_ERROR(AddExtension(*made, *made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  RETURN_IF_ERROR(AddExtension(*made, *made, NID_key_usage, "critical,keyCertSign,cRLSign"));
  RETURN_IF_ERROR(AddExtension(*made, *made, NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(SignCertificate(*made, key.handle()));
  return Of(std::move(key), std::move(made));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Load(std::string_view key_pem,
                                                                std::string_view certificate_pem) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::FromPem(key_pem));
  ASSIGN_OR_RETURN(std::vector<X509Ptr> certificates,
                   ReadCertificates(certificate_pem, "the authority's certificate"));
  ASSIGN_OR_RETURN(CertificateAuthority authority,
                   Of(std::move(key), std::move(certificates.front())));
  if (!authority.info_.is_ca) {
    return InvalidArgument("the certificate of \"{}\" is not a certificate authority's",
                           authority.info_.common_name);
  }
  if (X509_check_private_key(authority.certificate_.get(), authority.key_.handle()) != 1) {
    return InvalidArgument(
        "the private key is not that of the certificate of \"{}\": the two files do not belong "
        "together",
        authority.info_.common_name);
  }
  return authority;
}

absl::StatusOr<std::string> CertificateAuthority::Issue(const IssueRequest& request) const {
  const ErrorScope errors;
  RETURN_IF_ERROR(CheckRequest(request, info_));
  ASSIGN_OR_RETURN(const KeyPtr key, RequestedKey(request));
  const X509Ptr made(X509_new());
  const absl::Time begin = std::max(request.now - kBackdate, info_.not_before);
  const absl::Time end = std::min(request.now + request.validity, info_.not_after);
  RETURN_IF_ERROR(StartCertificate(*made, begin, end));
  RETURN_IF_ERROR(SetCommonName(X509_get_subject_name(made.get()), request.common_name));
  if (X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get())) != 1 ||
      X509_set_pubkey(made.get(), key.get()) != 1) {
    return Internal("building a certificate: {}", LastError());
  }
  RETURN_IF_ERROR(AddEndExtensions(*made, *certificate_, request));
  RETURN_IF_ERROR(SignCertificate(*made, key_.handle()));
  return CertificatePem(made.get());
}

}  // namespace fettle::pki
