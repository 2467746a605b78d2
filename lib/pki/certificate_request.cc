// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/certificate_request.h"

#include <openssl/pem.h>

#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kMaxRequestBytes = std::size_t{16} << 10;  // Ours have about 400.

std::string RequestedName(const X509_REQ& request) {
  const X509_NAME* name = X509_REQ_get_subject_name(&request);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) {
    return "";
  }
  const BioPtr bio(BIO_new(BIO_s_mem()));
  // Escapes what a terminal would act on.
  static_cast<void>(ASN1_STRING_print_ex(bio.get(),
                                         X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)),
                                         ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT));
  return Written(bio.get());
}

}  // namespace

absl::StatusOr<std::string> MakeCertificateRequest(const PrivateKey& key,
                                                   std::string_view common_name) {
  const ErrorScope errors;
  const RequestPtr request(X509_REQ_new());
  RETURN_IF_ERROR(SetCommonName(X509_REQ_get_subject_name(request.get()), common_name));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
      X509_REQ_sign(request.get(), key.handle(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
    return Internal("making a certificate request: {}", LastError());
  }
  return Written(bio.get());
}

absl::StatusOr<CertificateRequest> VerifyCertificateRequest(std::string_view pem) {
  const ErrorScope errors;
  if (pem.size() > kMaxRequestBytes) {
    return InvalidArgument(
        "the certificate request has {} bytes; at most {} are read", pem.size(), kMaxRequestBytes);
  }
  const RequestPtr request(PEM_read_bio_X509_REQ(ReadBio(pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    return InvalidArgument(
        "not a certificate request in PEM form (\"-----BEGIN CERTIFICATE REQUEST-----\"), or "
        "damaged: {}",
        LastError());
  }
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || !IsP256(key)) {
    return InvalidArgument("the certificate request's key is not ECDSA on P-256");
  }
  if (X509_REQ_verify(request.get(), key) != 1) {
    return PermissionDenied(
        "the certificate request is not signed by the key it names: its sender does not hold that "
        "key, or it was altered");
  }
  CertificateRequest result;
  result.common_name = RequestedName(*request);
  ASSIGN_OR_RETURN(result.public_key_pem, PublicKeyPem(key));
  return result;
}

}  // namespace fettle::pki
