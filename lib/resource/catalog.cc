// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/catalog.h"

#include <fmt/format.h>

namespace fettle::resource {

std::string Position::Display() const {
  if (file.empty()) {
    return "";
  }
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

std::string Position::DisplayWithChain() const {
  std::string text = Display();
  if (via.empty()) {
    return text;
  }
  std::string_view lead = " (included from ";
  for (auto step = via.rbegin(); step != via.rend(); ++step) {
    text += lead;
    text += *step;
    lead = ", included from ";
  }
  return text + ")";
}

std::string Declaration::Id() const {
  std::string id;
  id.reserve(type.size() + 1 + name.size());
  id += type;
  id += ':';
  id += name;
  return id;
}

Digest CatalogDigest(const Catalog& catalog) {
  return Sha256(EncodeCatalog(catalog));
}

}  // namespace fettle::resource
