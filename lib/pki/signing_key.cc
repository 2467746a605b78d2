// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/signing_key.h"

#include <cstddef>

#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kPublicKeyBytes = 32;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::StatusOr<std::string> SignedBytes(std::string_view purpose, std::string_view message) {
  if (purpose.empty() || purpose.find('\0') != std::string_view::npos) {
    return InvalidArgument("a signature's purpose must be a text without NUL, not \"\"");
  }
  std::string bytes(purpose);
  bytes.push_back('\0');
  bytes.append(message);
  return bytes;
}

absl::Status RequireEd25519(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") != 1) {
    return InvalidArgument("the key is not Ed25519, the kind that signs statements here");
  }
  return absl::OkStatus();
}

bool Verify(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) ==
             1 &&
         EVP_DigestVerify(
             context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) ==
             1;
}

}  // namespace

absl::StatusOr<SigningKey> SigningKey::Generate() {
  const ErrorScope errors;
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) {
    return Internal("making an Ed25519 key: {}", LastError());
  }
  return SigningKey(std::move(key));
}

absl::StatusOr<SigningKey> SigningKey::FromPem(std::string_view pem) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(KeyPtr key, ReadPrivateKey(pem));
  RETURN_IF_ERROR(RequireEd25519(key.get()));
  return SigningKey(std::move(key));
}

absl::StatusOr<std::string> SigningKey::Pem() const {
  return PrivateKeyPem(key_.get());
}

absl::StatusOr<std::string> SigningKey::PublicPem() const {
  return PublicKeyPem(key_.get());
}

absl::StatusOr<std::string> SigningKey::RawPublic() const {
  const ErrorScope errors;
  std::string bytes(kPublicKeyBytes, '\0');
  std::size_t size = bytes.size();
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (EVP_PKEY_get_raw_public_key(key_.get(), out, &size) != 1 || size != kPublicKeyBytes) {
    return Internal("reading the public half of an Ed25519 key: {}", LastError());
  }
  return bytes;
}

absl::StatusOr<std::string> SigningKey::Sign(std::string_view purpose,
                                             std::string_view message) const {
  ASSIGN_OR_RETURN(const std::string bytes, SignedBytes(purpose, message));
  return SignPlain(bytes);
}

absl::StatusOr<std::string> SigningKey::SignPlain(std::string_view message) const {
  const ErrorScope errors;
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSignInit_ex(
          context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(), out, &size, Bytes(message), message.size()) != 1) {
    return Internal("signing with Ed25519: {}", LastError());
  }
  return signature;
}

absl::Status VerifySignature(std::string_view public_pem,
                             std::string_view purpose,
                             std::string_view message,
                             std::string_view signature) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const KeyPtr key, ReadPublicKey(public_pem));
  RETURN_IF_ERROR(RequireEd25519(key.get()));
  ASSIGN_OR_RETURN(const std::string bytes, SignedBytes(purpose, message));
  if (signature.size() != kSignatureBytes) {
    return InvalidArgument(
        "an Ed25519 signature has {} bytes, not {}", kSignatureBytes, signature.size());
  }
  if (!Verify(key.get(), bytes, signature)) {
    return PermissionDenied(
        "the signature does not fit: the {} was altered or signed by another key", purpose);
  }
  return absl::OkStatus();
}

bool VerifyEd25519(std::string_view public_key,
                   std::string_view message,
                   std::string_view signature) {
  if (public_key.size() != kPublicKeyBytes || signature.size() != kSignatureBytes) {
    return false;
  }
  const ErrorScope errors;
  const KeyPtr key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  return key != nullptr && Verify(key.get(), message, signature);
}

bool VerifyStatement(std::string_view public_key,
                     std::string_view purpose,
                     std::string_view message,
                     std::string_view signature) {
  const auto bytes = SignedBytes(purpose, message);
  return bytes.ok() && VerifyEd25519(public_key, *bytes, signature);
}

}  // namespace fettle::pki
