// SPDX-License-Identifier: Apache-2.0
// Inside lib/pki only: OpenSSL's objects as owners, its errors as text. Public headers of this
// folder do not include it, so that nobody else sees OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/pki/handles.h"

namespace fettle::pki {

// Frees an OpenSSL object with the function that OpenSSL has for its kind.
template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    static_cast<void>(Free(object));
  }
};

// Likewise for functions that return nothing.
template <auto Free>
struct FreeVoidWith {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, FreeVoidWith<BN_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, FreeVoidWith<EVP_MD_CTX_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, FreeVoidWith<X509_REQ_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeVoidWith<X509_EXTENSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeVoidWith<GENERAL_NAMES_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeVoidWith<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeVoidWith<X509_STORE_CTX_free>>;

// Leaves this thread's OpenSSL error queue as it was found. gRPC reads the same queue, and takes a
// left-over for an error of its own. Every function of this folder that calls OpenSSL has one.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }

  ~ErrorScope() { ERR_pop_to_mark(); }

  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

// What OpenSSL says of the latest failure, for the end of a message; "no reason given" if nothing.
std::string LastError();

// A read-only BIO over `text`, which must outlive it.
BioPtr ReadBio(std::string_view text);

// What was written into a memory BIO.
std::string Written(BIO* bio);

// Texts of PEM from others beyond this are refused unread.
inline constexpr std::size_t kMaxPemBytes = std::size_t{256} << 10;

// Every certificate in `pem`, in its order, at least one; kInvalidArgument if one cannot be read.
// `what` names the text in the message.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view pem, std::string_view what);

absl::StatusOr<std::string> CertificatePem(X509* certificate);

// The public key in `pem` ("BEGIN PUBLIC KEY").
absl::StatusOr<KeyPtr> ReadPublicKey(std::string_view pem);

// PEM of a key; PrivateKeyPem is PKCS #8 and not encrypted.
absl::StatusOr<std::string> PublicKeyPem(EVP_PKEY* key);
absl::StatusOr<std::string> PrivateKeyPem(EVP_PKEY* key);

// The private key in `pem`. Never asks for a passphrase: an encrypted key is refused.
absl::StatusOr<KeyPtr> ReadPrivateKey(std::string_view pem);

// Whether `key` is on the curve P-256.
bool IsP256(const EVP_PKEY* key);

// Sets the subject's common name; an empty one leaves the subject empty.
absl::Status SetCommonName(X509_NAME* name, std::string_view common_name);

}  // namespace fettle::pki
