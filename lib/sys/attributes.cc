// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/attributes.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "absl/synchronization/mutex.h"

#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

bool IsCopied(std::string_view name) {
  constexpr std::array<std::string_view, 3> kVouching = {
      "security.capability", "security.ima", "security.evm"};
  for (const std::string_view left_out : kVouching) {
    if (name == left_out) {
      return false;
    }
  }
  constexpr std::string_view kOverlay = "trusted.overlay.";
  return name.substr(0, kOverlay.size()) != kOverlay;
}

absl::Status CopyOne(int from, int to, const char* name, const std::string& path) {
  std::string value(256, '\0');
  ssize_t size = fgetxattr(from, name, value.data(), value.size());
  if (size < 0 && errno == ERANGE) {
    value.resize(65536);  // The kernel's own limit (XATTR_SIZE_MAX).
    size = fgetxattr(from, name, value.data(), value.size());
  }
  if (size < 0 && errno == ENODATA) {
    return absl::OkStatus();  // Removed since it was listed.
  }
  if (size < 0) {
    return ErrnoStatus(errno, fmt::format("read the attribute {} of", name), path);
  }
  if (fsetxattr(to, name, value.data(), static_cast<std::size_t>(size), 0) != 0) {
    return ErrnoStatus(errno, fmt::format("keep the attribute {} of", name), path);
  }
  return absl::OkStatus();
}

// libselinux's functions that are needed here; null when the library is not there.
struct SeLinux {
  void* (*selabel_open)(unsigned backend, const void* options, unsigned count) = nullptr;
  int (*selabel_lookup_raw)(void* handle, char** context, const char* path, int mode) = nullptr;
  void (*freecon)(char* context) = nullptr;
  void* labels = nullptr;
};

SeLinux LoadSeLinux() {
  SeLinux selinux;
  // The file is there only when SELinux is switched on.
  if (access("/sys/fs/selinux/enforce", F_OK) != 0) {
    return selinux;
  }
  void* library = dlopen("libselinux.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return selinux;
  }
  selinux.selabel_open =
      reinterpret_cast<decltype(selinux.selabel_open)>(dlsym(library, "selabel_open"));
  selinux.selabel_lookup_raw =
      reinterpret_cast<decltype(selinux.selabel_lookup_raw)>(dlsym(library, "selabel_lookup_raw"));
  selinux.freecon = reinterpret_cast<decltype(selinux.freecon)>(dlsym(library, "freecon"));
  if (selinux.selabel_open != nullptr && selinux.selabel_lookup_raw != nullptr &&
      selinux.freecon != nullptr) {
    selinux.labels = selinux.selabel_open(0 /* SELABEL_CTX_FILE */, nullptr, 0);
  }
  return selinux;
}

}  // namespace

absl::Status CopyExtendedAttributes(int from, int to, const std::string& path) {
  std::array<char, 1024> inline_names;
  std::string many_names;
  char* names = inline_names.data();
  ssize_t size = flistxattr(from, names, inline_names.size());
  if (size < 0 && errno == ERANGE) {
    many_names.resize(65536);
    names = many_names.data();
    size = flistxattr(from, names, many_names.size());
  }
  if (size < 0) {
    // A file system without attributes has none to lose.
    return errno == EOPNOTSUPP ? absl::OkStatus() : ErrnoStatus(errno, "list attributes of", path);
  }
  for (ssize_t at = 0; at < size;) {
    const std::string_view name = names + at;
    if (IsCopied(name)) {
      RETURN_IF_ERROR(CopyOne(from, to, name.data(), path));
    }
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  return absl::OkStatus();
}

absl::Status LabelNewFile(int fd, const std::string& path) {
  // Loaded once a process and never unloaded: the policy's label table is big.
  static const SeLinux selinux = LoadSeLinux();
  if (selinux.labels == nullptr) {
    return absl::OkStatus();
  }
  static absl::Mutex one_at_a_time;  // A handle is not for several threads.
  const absl::MutexLock lock(&one_at_a_time);
  char* context = nullptr;
  if (selinux.selabel_lookup_raw(selinux.labels, &context, path.c_str(), S_IFREG) != 0) {
    return absl::OkStatus();  // The policy has no label for this path: the directory's is right.
  }
  const std::string label = context;
  selinux.freecon(context);
  if (fsetxattr(fd, "security.selinux", label.c_str(), label.size() + 1, 0) != 0 &&
      errno != EOPNOTSUPP) {
    return ErrnoStatus(errno, fmt::format("set the SELinux label {} of", label), path);
  }
  return absl::OkStatus();
}

}  // namespace fettle::sys
