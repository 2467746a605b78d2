// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/openssl.h"

#include <openssl/pem.h>

#include "lib/base/status_macros.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kMaxCommonName = 64;  // X.509's ub-common-name.

// Instead of OpenSSL's default, which asks on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::Status CheckPemSize(std::string_view pem, std::string_view what) {
  if (pem.size() > kMaxPemBytes) {
    return InvalidArgument("{} has {} bytes; at most {} are read", what, pem.size(), kMaxPemBytes);
  }
  return absl::OkStatus();
}

}  // namespace

void KeyDeleter::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

void X509Deleter::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

std::string LastError() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

BioPtr ReadBio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view pem, std::string_view what) {
  const ErrorScope errors;
  RETURN_IF_ERROR(CheckPemSize(pem, what));
  const BioPtr bio = ReadBio(pem);
  std::vector<X509Ptr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  // The end of the text is reported as one more block without a first line.
  const unsigned long code = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return InvalidArgument("{}: certificate {} cannot be read ({}); it is damaged or cut short",
                           what,
                           certificates.size() + 1,
                           LastError());
  }
  if (certificates.empty()) {
    return InvalidArgument("{} holds no \"-----BEGIN CERTIFICATE-----\"", what);
  }
  return certificates;
}

absl::StatusOr<std::string> CertificatePem(X509* certificate) {
  const ErrorScope errors;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return Internal("writing a certificate: {}", LastError());
  }
  return Written(bio.get());
}

absl::StatusOr<KeyPtr> ReadPublicKey(std::string_view pem) {
  const ErrorScope errors;
  RETURN_IF_ERROR(CheckPemSize(pem, "public key"));
  KeyPtr key(PEM_read_bio_PUBKEY(ReadBio(pem).get(), nullptr, nullptr, nullptr));
  if (key == nullptr) {
    return InvalidArgument(
        "not a public key in PEM form (\"-----BEGIN PUBLIC KEY-----\"), or damaged: {}",
        LastError());
  }
  return key;
}

absl::StatusOr<std::string> PublicKeyPem(EVP_PKEY* key) {
  const ErrorScope errors;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), key) != 1) {
    return Internal("writing a public key: {}", LastError());
  }
  return Written(bio.get());
}

absl::StatusOr<std::string> PrivateKeyPem(EVP_PKEY* key) {
  const ErrorScope errors;
  const BioPtr bio(BIO_new(BIO_s_secmem()));  // Wiped when freed.
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Internal("writing a private key: {}", LastError());
  }
  return Written(bio.get());
}

absl::StatusOr<KeyPtr> ReadPrivateKey(std::string_view pem) {
  const ErrorScope errors;
  RETURN_IF_ERROR(CheckPemSize(pem, "private key"));
  bool encrypted = false;
  KeyPtr key(PEM_read_bio_PrivateKey(ReadBio(pem).get(), nullptr, NoPassphrase, &encrypted));
  if (encrypted) {
    return InvalidArgument(
        "the private key is encrypted; store it unencrypted with mode 0600 "
        "(`openssl pkcs8 -topk8 -nocrypt` converts it)");
  }
  if (key == nullptr) {
    return InvalidArgument(
        "not a private key in PEM form (\"-----BEGIN PRIVATE KEY-----\"), or damaged: {}",
        LastError());
  }
  return key;
}

bool IsP256(const EVP_PKEY* key) {
  char group[32];
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

absl::Status SetCommonName(X509_NAME* name, std::string_view common_name) {
  if (common_name.empty()) {
    return absl::OkStatus();
  }
  if (common_name.size() > kMaxCommonName) {
    return InvalidArgument("common name \"{}\" has {} bytes; a certificate takes at most {}",
                           common_name.substr(0, 2 * kMaxCommonName),
                           common_name.size(),
                           kMaxCommonName);
  }
  for (const char c : common_name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return InvalidArgument("a common name must not hold control characters (found byte {:#04x})",
                             static_cast<unsigned char>(c));
    }
  }
  const ErrorScope errors;
  const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
  const int size = static_cast<int>(common_name.size());
  if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, size, -1, 0) != 1) {
    return InvalidArgument("\"{}\" cannot be a common name: {}", common_name, LastError());
  }
  return absl::OkStatus();
}

}  // namespace fettle::pki
