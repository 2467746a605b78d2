// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/seal.h"

#include <limits>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, FreeVoidWith<EVP_CIPHER_CTX_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string* text) {
  return reinterpret_cast<unsigned char*>(text->data());
}

bool Fits(std::string_view text) {
  return text.size() < static_cast<std::size_t>(std::numeric_limits<int>::max()) / 2;
}

absl::Status CheckSizes(std::string_view key, std::string_view text, std::string_view context) {
  if (key.size() != kSealKeyBytes) {
    return Internal("a sealing key has {} bytes, not {}", kSealKeyBytes, key.size());
  }
  return Fits(text) && Fits(context)
             ? absl::OkStatus()
             : InvalidArgument("{} bytes are too many to seal", text.size());
}

}  // namespace

absl::StatusOr<std::string> Seal(std::string_view key,
                                 std::string_view plain,
                                 std::string_view context) {
  RETURN_IF_ERROR(CheckSizes(key, plain, context));
  const ErrorScope errors;
  const std::string nonce = RandomBytes(kNonceBytes);
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  std::string text(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int length = 0;
  const bool done =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(
          cipher.get(), nullptr, &length, Bytes(context), static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(
          cipher.get(), Bytes(&text), &length, Bytes(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(&tag), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, Bytes(&tag)) == 1;
  if (!done) {
    return Internal("sealing {} bytes: {}", plain.size(), LastError());
  }
  return nonce + tag + text;
}

absl::StatusOr<std::string> Unseal(std::string_view key,
                                   std::string_view sealed,
                                   std::string_view context) {
  RETURN_IF_ERROR(CheckSizes(key, sealed, context));
  if (sealed.size() < kNonceBytes + kTagBytes) {
    return FailedPrecondition("sealed bytes are cut short");
  }
  const ErrorScope errors;
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  std::string tag(sealed.substr(kNonceBytes, kTagBytes));
  const std::string_view text = sealed.substr(kNonceBytes + kTagBytes);
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  std::string plain(text.size(), '\0');
  std::string rest(kTagBytes, '\0');
  int length = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(
          cipher.get(), nullptr, &length, Bytes(context), static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(
          cipher.get(), Bytes(&plain), &length, Bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(&tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(&rest), &length) == 1;
  if (!done) {
    return FailedPrecondition("sealed bytes are damaged, or were sealed with another key");
  }
  return plain;
}

}  // namespace fettle::pki
