// SPDX-License-Identifier: Apache-2.0
#include "lib/digest/digest.h"

#include <algorithm>
#include <cstdlib>

#include <openssl/evp.h>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle {

std::string Digest::Hex() const {
  return HexEncode(Raw());
}

std::string_view Digest::Raw() const {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool Digest::empty() const {
  return *this == Digest{};
}

absl::StatusOr<Digest> Digest::FromHex(std::string_view hex) {
  std::string raw;
  if (hex.size() != 64 || !HexDecode(hex, &raw)) {
    return InvalidArgument("\"{}\" is not a SHA-256 digest (64 hexadecimal characters)",
                           hex.substr(0, 80));
  }
  return FromRaw(raw);
}

absl::StatusOr<Digest> Digest::FromRaw(std::string_view raw) {
  Digest digest;
  if (raw.size() != digest.bytes.size()) {
    return InvalidArgument("a SHA-256 digest has 32 bytes, not {}", raw.size());
  }
  std::copy(raw.begin(), raw.end(), digest.bytes.begin());
  return digest;
}

struct Sha256Stream::State {
  // Fetched once a process: OpenSSL 3 looks algorithms up by name, which costs more than hashing a
  // small file.
  static const EVP_MD* Algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
  }

  void Start() {
    if (context == nullptr || EVP_DigestInit_ex2(context, Algorithm(), nullptr) != 1) {
      abort();  // No memory or a libcrypto without SHA-256: nothing can be verified.
    }
  }

  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  state_->Start();
}

Sha256Stream::~Sha256Stream() {
  EVP_MD_CTX_free(state_->context);
}

void Sha256Stream::Update(std::string_view data) {
  if (EVP_DigestUpdate(state_->context, data.data(), data.size()) != 1) {
    abort();
  }
}

Digest Sha256Stream::Finish() {
  Digest digest;
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &size) != 1) {
    abort();
  }
  state_->Start();
  return digest;
}

Digest Sha256(std::string_view data) {
  thread_local Sha256Stream stream;
  stream.Update(data);
  return stream.Finish();
}

}  // namespace fettle
