// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "lib/digest/digest.h"
#include "lib/resource/catalog.h"

namespace fettle::cli {

// One number for the code that runs: the build ids of this program and of all libraries that are
// loaded (Lua and the readers of data among them). nullopt when one of them has no build id.
std::optional<Digest> BuildDigest();

// The catalog that was evaluated last, in one file, so that equal inputs need no second evaluation.
// Nothing depends on the file: whatever is wrong with it, it is as if there were none. One thread;
// processes that write it at once leave one of theirs, or none that is taken.
class CatalogCache {
 public:
  enum class Mode { kRead, kReadAndWrite };

  // `path` need not exist; its folder must, for Store() to do something.
  CatalogCache(std::string path, Mode mode) : path_(std::move(path)), mode_(mode) {}

  struct Kept {
    resource::Catalog catalog;
    Digest digest;  // Its CatalogDigest().
    bool operator==(const Kept&) const = default;
  };

  // What was stored under `key`. nullopt when that is something else, or the file is damaged, is
  // not a file of this user's alone (owner, mode 0600), or is a link.
  std::optional<Kept> Load(const Digest& key) const;

  // Keeps `catalog` under `key` in place of what there was. Does nothing in Mode::kRead, and keeps
  // no catalog that holds secrets: a secret value, an attribute that its type never shows, or a
  // resource declared sensitive. Not synced: a file that power loss cut short is not taken.
  void Store(const Digest& key, const resource::Catalog& catalog) const;

 private:
  std::string path_;
  Mode mode_;
};

}  // namespace fettle::cli
