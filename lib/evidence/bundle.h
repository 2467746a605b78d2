// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/evidence/merkle.h"
#include "lib/pki/signing_key.h"

// A piece of an evidence log as a file that can be checked anywhere: lines of JSON, see
// docs/evidence.md. The first line says what it is and holds the signed head; then follow, in their
// order, all leaves of the log: those that are shown as they are, the others as hashes of subtrees;
// the last line signs all before it.
namespace fettle::evidence {

// What the bundle claims to hold: all leaves with since <= time < until, which are those numbered
// [first, end).
struct BundleRange {
  absl::Time since = absl::InfinitePast();    // InfinitePast: from the beginning of the log.
  absl::Time until = absl::InfiniteFuture();  // InfiniteFuture: to its head.
  uint64_t first = 0;
  uint64_t end = 0;
  std::string host;  // Only what concerns this host; "" for everything.
  bool operator==(const BundleRange&) const = default;
};

struct BundleHeader {
  std::string head;       // The signed head, see checkpoint.h.
  std::string key;        // NoteKey::Text() of who signed it.
  std::string authority;  // The fleet's certificate authority, PEM; for information.
  BundleRange range;
  bool operator==(const BundleHeader&) const = default;
};

// A leaf that is shown.
struct BundleLeaf {
  uint64_t number = 0;
  std::string leaf;
  std::string data;  // Of a leaf of reports: the batch as the host sent it, "" if it is not there.
};

// Leaves that are not.
struct BundleHidden {
  Subtree subtree;
  Digest hash;
};

// Writes a bundle piece by piece; what each call answers is to be put at the end of the file.
class BundleWriter {
 public:
  std::string Begin(const BundleHeader& header);
  std::string Add(const BundleLeaf& leaf);
  std::string Add(const BundleHidden& hidden);
  absl::StatusOr<std::string> Finish(const pki::SigningKey& key);

 private:
  std::string Line(std::string line);

  Sha256Stream stream_;
};

// Reads a bundle line by line, strictly: what BundleWriter would not write is an error that names
// its line. `text` outlives it.
class BundleReader {
 public:
  struct Item {
    std::optional<BundleLeaf> leaf;
    std::optional<BundleHidden> hidden;  // One of the two.
  };

  // kInvalidArgument when it is no bundle or is cut short.
  static absl::StatusOr<BundleReader> Open(std::string_view text);

  const BundleHeader& header() const { return header_; }

  // Whether the last line is the signature of `ed25519` (32 bytes) over all before it.
  bool SignedBy(std::string_view ed25519) const;

  // nullopt after the last.
  absl::StatusOr<std::optional<Item>> Next();

  // Of what Next() answered last, from 1.
  uint64_t line() const { return line_; }

 private:
  std::string_view body_;  // All lines but the last.
  std::string_view rest_;  // Not yet read of it.
  BundleHeader header_;
  std::string signature_;
  uint64_t line_ = 1;
};

}  // namespace fettle::evidence
