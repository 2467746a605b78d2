// SPDX-License-Identifier: Apache-2.0
#include "modules/file/content.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "modules/file/source.h"

namespace fettle::modules {
namespace {

using resource::Difference;
using resource::Value;

// One side of a difference: in full when it may be read by people, and in short in any case.
struct Side {
  std::optional<std::string> full;
  std::string summary;
};

std::string Summary(const Digest& digest, uint64_t size) {
  return fmt::format("sha256:{} ({} bytes)", digest.Hex(), size);
}

Side SideOf(std::string bytes) {
  Side side;
  side.summary = Summary(Sha256(bytes), bytes.size());
  if (bytes.size() <= kMostShown && IsText(bytes)) {
    side.full = std::move(bytes);
  }
  return side;
}

absl::StatusOr<Side> PresentSide(const std::string& path,
                                 const sys::FileStat& present,
                                 const sys::FileReader& files,
                                 Deadline deadline) {
  if (present.size <= kMostShown) {
    ASSIGN_OR_RETURN(std::string bytes, files.Read(path, kMostShown));
    return SideOf(std::move(bytes));
  }
  ASSIGN_OR_RETURN(const Digest digest, files.ContentDigest(path, deadline));
  return Side{std::nullopt, Summary(digest, present.size)};
}

absl::StatusOr<Side> WantedSide(const WantedContent& wanted, const sys::BlobReader& blobs) {
  absl::StatusOr<std::string> bytes = WantedBytes(wanted, blobs);
  if (absl::IsNotFound(bytes.status())) {
    return Side{std::nullopt, fmt::format("sha256:{}", wanted.blob->Hex())};
  }
  RETURN_IF_ERROR(bytes.status());
  return SideOf(*std::move(bytes));
}

absl::StatusOr<bool> Holds(const WantedContent& wanted,
                           const std::string& path,
                           const sys::FileStat& present,
                           const sys::FileReader& files,
                           Deadline deadline) {
  if (!wanted.blob.has_value() && present.size != wanted.text->AsString().size()) {
    return false;
  }
  ASSIGN_OR_RETURN(const Digest digest, files.DigestOf(path, present, deadline));
  return digest == wanted.digest;
}

// What a secret file holds now is as secret as what it is to hold.
absl::StatusOr<Difference> SecretDifference(const WantedContent& wanted,
                                            const std::string& path,
                                            const sys::FileStat* present,
                                            const sys::FileReader& files,
                                            Deadline deadline) {
  if (present == nullptr) {
    return Difference{"content", Value::Absent(), *wanted.text};
  }
  ASSIGN_OR_RETURN(const Digest digest, files.ContentDigest(path, deadline));
  return Difference{"content", Value::Secret(Summary(digest, present->size)), *wanted.text};
}

}  // namespace

WantedContent ContentOf(const resource::Attributes& attributes) {
  WantedContent wanted;
  if (const Value* const text = attributes.Find("content"); text != nullptr) {
    wanted.text = *text;
    wanted.digest = Sha256(text->AsString());
  }
  if (const Value* const source = attributes.Find("source"); source != nullptr) {
    wanted.blob = ParseSource(source->AsString()).value();  // The schema checked it.
    wanted.digest = *wanted.blob;
  }
  return wanted;
}

absl::StatusOr<std::optional<Difference>> CompareContent(const WantedContent& wanted,
                                                         const std::string& path,
                                                         const sys::FileStat* present,
                                                         const sys::HostReader& host,
                                                         Deadline deadline) {
  if (present != nullptr) {
    ASSIGN_OR_RETURN(const bool same, Holds(wanted, path, *present, host.files(), deadline));
    if (same) {
      return std::optional<Difference>();
    }
  }
  if (wanted.secret()) {
    return SecretDifference(wanted, path, present, host.files(), deadline);
  }
  ASSIGN_OR_RETURN(Side after, WantedSide(wanted, host.blobs()));
  if (present == nullptr) {
    return Difference{"content", Value::Absent(), std::move(after.full).value_or(after.summary)};
  }
  ASSIGN_OR_RETURN(Side before, PresentSide(path, *present, host.files(), deadline));
  if (before.full.has_value() && after.full.has_value()) {
    return Difference{"content", *std::move(before.full), *std::move(after.full)};
  }
  return Difference{"content", before.summary, after.summary};
}

absl::StatusOr<std::string> WantedBytes(const WantedContent& wanted, const sys::BlobReader& blobs) {
  if (wanted.blob.has_value()) {
    return blobs.Blob(*wanted.blob);
  }
  return wanted.text.has_value() ? wanted.text->AsString() : std::string();
}

}  // namespace fettle::modules
