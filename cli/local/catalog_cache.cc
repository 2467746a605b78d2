// SPDX-License-Identifier: Apache-2.0
//
// The file: the magic, the key, the digest of the rest, and the rest, a catalog's canonical bytes.
#include "cli/local/catalog_cache.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "agent/journal/disk.h"
#include "lib/base/bytes.h"
#include "lib/resource/schema.h"
#include "modules/schemas.h"

namespace fettle::cli {
namespace {

constexpr std::string_view kMagic = "fettle-catalog-1\n";
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kHeaderBytes = kMagic.size() + 2 * kDigestBytes;
constexpr off_t kMostBytes = off_t{256} << 20;
constexpr std::string_view kGnu("GNU", 4);  // With its end.

std::size_t Padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// The build id among the notes of one loaded object; empty when it has none.
std::string_view BuildIdOf(const dl_phdr_info& object) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) {
      continue;
    }
    // Where the loader put it. NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* const start = reinterpret_cast<const char*>(object.dlpi_addr + segment.p_vaddr);
    std::string_view notes(start, segment.p_memsz);
    while (notes.size() >= sizeof(ElfW(Nhdr))) {
      ElfW(Nhdr) note;
      std::memcpy(&note, notes.data(), sizeof note);
      notes.remove_prefix(sizeof note);
      const std::size_t name = Padded(note.n_namesz);
      const std::size_t whole = name + Padded(note.n_descsz);
      if (whole > notes.size()) {
        break;
      }
      if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == kGnu) {
        return notes.substr(name, note.n_descsz);
      }
      notes.remove_prefix(whole);
    }
  }
  return {};
}

struct Build {
  ByteWriter writer;
  bool whole = true;
};

int AddObject(dl_phdr_info* object, std::size_t /*size*/, void* data) {
  auto* const build = static_cast<Build*>(data);
  const std::string_view id = BuildIdOf(*object);
  build->whole = build->whole && !id.empty();
  build->writer.Text(id);
  return 0;
}

// The whole of a file that is its user's alone; empty when it is not, or cannot be read.
std::string ReadOwn(const std::string& path) {
  const journal::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));

  struct stat info {};

  if (!file.open() || fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0 ||
      info.st_size > kMostBytes) {
    return {};
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t count = read(file.fd(), bytes.data() + got, bytes.size() - got);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return {};
    }
    got += static_cast<std::size_t>(count);
  }
  return bytes;
}

bool HoldsSecret(const resource::Declaration& declaration, const resource::Schema* schema) {
  if (declaration.sensitive || schema == nullptr) {
    return true;
  }
  return std::any_of(declaration.attributes.all().begin(),
                     declaration.attributes.all().end(),
                     [schema](const auto& one) {
                       const resource::AttributeSchema* const known = schema->Find(one.first);
                       return known == nullptr || known->secret || one.second.HasSecret();
                     });
}

bool HoldsSecret(const resource::Catalog& catalog) {
  const auto schemas = AllSchemas();
  const resource::Schema* schema = nullptr;
  return std::any_of(
      catalog.resources.begin(), catalog.resources.end(), [&](const auto& declaration) {
        if (schema == nullptr || schema->type != declaration.type) {
          const auto found =
              std::find_if(schemas.begin(), schemas.end(), [&](const resource::Schema* one) {
                return one->type == declaration.type;
              });
          schema = found == schemas.end() ? nullptr : *found;
        }
        return HoldsSecret(declaration, schema);
      });
}

}  // namespace

std::optional<Digest> BuildDigest() {
  Build build;
  dl_iterate_phdr(AddObject, &build);
  return build.whole ? std::optional<Digest>(Sha256(build.writer.bytes())) : std::nullopt;
}

std::optional<CatalogCache::Kept> CatalogCache::Load(const Digest& key) const {
  const std::string file = ReadOwn(path_);
  const std::string_view bytes = file;
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic) ||
      bytes.substr(kMagic.size(), kDigestBytes) != key.Raw()) {
    return std::nullopt;
  }
  const std::string_view catalog = bytes.substr(kHeaderBytes);
  const Digest digest = Sha256(catalog);
  if (bytes.substr(kMagic.size() + kDigestBytes, kDigestBytes) != digest.Raw()) {
    return std::nullopt;
  }
  absl::StatusOr<resource::Catalog> decoded = resource::DecodeCatalog(catalog);
  if (!decoded.ok()) {
    return std::nullopt;
  }
  return Kept{*std::move(decoded), digest};
}

void CatalogCache::Store(const Digest& key, const resource::Catalog& catalog) const {
  if (mode_ == Mode::kRead || HoldsSecret(catalog)) {
    return;
  }
  const std::string encoded = resource::EncodeCatalog(catalog);
  ByteWriter writer;
  writer.Raw(kMagic);
  writer.Raw(key.Raw());
  writer.Raw(Sha256(encoded).Raw());
  writer.Raw(encoded);
  // A disk that is full costs an evaluation next time, nothing else.
  journal::WriteUnsynced(path_, writer.bytes()).IgnoreError();
}

}  // namespace fettle::cli
