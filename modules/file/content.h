// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/digest/digest.h"
#include "lib/resource/resource.h"
#include "lib/resource/schema.h"
#include "lib/sys/host.h"

// What a file is to hold, compared with what it holds. Only for modules/file.
namespace fettle::modules {

struct WantedContent {
  std::optional<resource::Value> text;  // `content`: text, perhaps secret.
  std::optional<Digest> blob;           // `source`.
  Digest digest;                        // Of either.

  bool managed() const { return text.has_value() || blob.has_value(); }

  bool secret() const { return text.has_value() && text->HasSecret(); }
};

// The declared `content` or `source`; neither: not managed.
WantedContent ContentOf(const resource::Attributes& attributes);

// Texts up to this size are shown whole in differences; larger or binary ones by digest and size.
inline constexpr uint64_t kMostShown = 256 << 10;

// The difference "content" between the file at `path` and what is wanted (which is managed), or
// nullopt. `present` null: nothing (or nothing of ours) is there. Reads no more than it must: a
// file of another size differs, and a file known by its digest is not read at all.
absl::StatusOr<std::optional<resource::Difference>> CompareContent(const WantedContent& wanted,
                                                                   const std::string& path,
                                                                   const sys::FileStat* present,
                                                                   const sys::HostReader& host,
                                                                   Deadline deadline);

// The bytes to write. kNotFound: the blob is not at hand. Nothing managed: none.
absl::StatusOr<std::string> WantedBytes(const WantedContent& wanted, const sys::BlobReader& blobs);

}  // namespace fettle::modules
