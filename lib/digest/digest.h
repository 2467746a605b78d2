// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle {

// A SHA-256 digest (FIPS 180-4): the name of a blob, a catalog, a revision. A value.
struct Digest {
  std::array<uint8_t, 32> bytes{};

  // 64 lower-case hexadecimal characters.
  std::string Hex() const;

  // The 32 bytes as text, for hashing and storage.
  std::string_view Raw() const;

  // All zero: no digest.
  bool empty() const;

  // Accepts exactly 64 hexadecimal characters; kInvalidArgument otherwise.
  static absl::StatusOr<Digest> FromHex(std::string_view hex);

  // Accepts exactly 32 bytes; kInvalidArgument otherwise.
  static absl::StatusOr<Digest> FromRaw(std::string_view raw);

  auto operator<=>(const Digest&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Digest& digest) {
    return H::combine(std::move(h), digest.bytes);
  }
};

// The digest of `data`. Safe from any thread; costs one context a thread.
Digest Sha256(std::string_view data);

// The digest of data that comes in parts. One thread at a time.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Update(std::string_view data);

  // The digest of all parts. The stream starts anew.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fettle
