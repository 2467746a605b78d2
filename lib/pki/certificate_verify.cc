// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/certificate_verify.h"

#include <vector>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

// OpenSSL's verdict as a sentence for the person who has to act on it.
absl::Status Refusal(int verdict, const CertificateInfo& info, absl::Time at) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return PermissionDenied(
          "the certificate of \"{}\" (valid {} to {}) or its authority's has expired: it is {}",
          info.common_name,
          Rfc3339(info.not_before),
          Rfc3339(info.not_after),
          Rfc3339(at));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return PermissionDenied(
          "the certificate of \"{}\" (valid {} to {}) or its authority's is not yet valid: it is "
          "{}; is a clock wrong?",
          info.common_name,
          Rfc3339(info.not_before),
          Rfc3339(info.not_after),
          Rfc3339(at));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return PermissionDenied(
          "the certificate of \"{}\" was issued by \"{}\", not by a trusted authority, or was "
          "altered ({})",
          info.common_name,
          info.issuer,
          X509_verify_cert_error_string(verdict));
    default:
      return PermissionDenied("the certificate of \"{}\" is not accepted: {}",
                              info.common_name,
                              X509_verify_cert_error_string(verdict));
  }
}

absl::StatusOr<StorePtr> TrustStore(std::string_view trusted_pem) {
  ASSIGN_OR_RETURN(const std::vector<X509Ptr> authorities,
                   ReadCertificates(trusted_pem, "the trusted authorities"));
  StorePtr store(X509_STORE_new());
  for (const X509Ptr& authority : authorities) {
    if (store == nullptr || X509_STORE_add_cert(store.get(), authority.get()) != 1) {
      return Internal("building a trust store: {}", LastError());
    }
  }
  return store;
}

int PurposeOf(Role role) {
  return role == Role::kServer ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
}

absl::StatusOr<Identity> IdentityOf(const CertificateInfo& info) {
  if (info.uri_sans.size() != 1) {
    return PermissionDenied(
        "the certificate of \"{}\" has {} URI names, not the one that says whom it stands for",
        info.common_name,
        info.uri_sans.size());
  }
  auto identity = Identity::FromUri(info.uri_sans.front());
  if (!identity.ok()) {
    return PermissionDenied(
        "the certificate of \"{}\": {}", info.common_name, Message(identity.status()));
  }
  return identity;
}

// 0 (X509_V_OK) or OpenSSL's reason.
absl::StatusOr<int> Verdict(X509* certificate, X509_STORE* store, Role role, absl::Time at) {
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (context == nullptr || X509_STORE_CTX_init(context.get(), store, certificate, nullptr) != 1 ||
      X509_STORE_CTX_set_purpose(context.get(), PurposeOf(role)) != 1) {
    return Internal("preparing to verify a certificate: {}", LastError());
  }
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(at));
  if (X509_verify_cert(context.get()) == 1) {
    return X509_V_OK;
  }
  const int error = X509_STORE_CTX_get_error(context.get());
  return error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
}

}  // namespace

absl::StatusOr<VerifiedCertificate> VerifyCertificate(std::string_view pem,
                                                      std::string_view trusted_pem,
                                                      absl::Time at) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const std::vector<X509Ptr> certificates,
                   ReadCertificates(pem, "the certificate"));
  ASSIGN_OR_RETURN(const StorePtr store, TrustStore(trusted_pem));
  X509* certificate = certificates.front().get();
  VerifiedCertificate verified;
  ASSIGN_OR_RETURN(verified.info, DescribeCertificate(*certificate));
  if (verified.info.is_ca) {
    return PermissionDenied("the certificate of \"{}\" is an authority's: it stands for nobody",
                            verified.info.common_name);
  }
  ASSIGN_OR_RETURN(verified.identity, IdentityOf(verified.info));
  ASSIGN_OR_RETURN(const int verdict,
                   Verdict(certificate, store.get(), verified.identity.role, at));
  if (verdict != X509_V_OK) {
    return Refusal(verdict, verified.info, at);
  }
  return verified;
}

absl::StatusOr<VerifiedCertificate> VerifyCertificateFor(Role role,
                                                         std::string_view pem,
                                                         std::string_view trusted_pem,
                                                         absl::Time at) {
  ASSIGN_OR_RETURN(VerifiedCertificate verified, VerifyCertificate(pem, trusted_pem, at));
  if (verified.identity.role != role) {
    return PermissionDenied("this needs the certificate of a {}, and {} is one of a {}",
                            RoleName(role),
                            verified.identity.Uri(),
                            RoleName(verified.identity.role));
  }
  return verified;
}

}  // namespace fettle::pki
