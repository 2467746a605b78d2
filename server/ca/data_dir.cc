// SPDX-License-Identifier: Apache-2.0
#include "server/ca/data_dir.h"

#include <unistd.h>

#include "lib/base/status_macros.h"
#include "lib/sys/linux_files.h"

namespace fettle::server {
namespace {

constexpr uint64_t kMaxFile = 1 << 20;
constexpr uint32_t kDirectoryMode = 0700;

// gRPC sets the lowest version itself, after this file was read; taking 1.2 away works, a
// MinProtocol line does not.
constexpr std::string_view kOpensslConf =
    R"(# Written by fettle-server: TLS 1.3 alone, no session tickets.
openssl_conf = fettle
[fettle]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
Protocol = -TLSv1.2
Options = -SessionTicket
)";

sys::LinuxFiles Files() {
  return sys::LinuxFiles("", "");
}

}  // namespace

absl::Status DataDir::Make() const {
  sys::LinuxFiles files = Files();
  const auto there = files.Stat(path_);
  if (absl::IsNotFound(there.status())) {
    return files.MakeDirectory(path_, kDirectoryMode, geteuid(), getegid());
  }
  RETURN_IF_ERROR(there.status());
  if (there->kind != sys::FileKind::kDirectory) {
    return FailedPrecondition("{} is there and is no directory", path_);
  }
  return there->mode == kDirectoryMode
             ? absl::OkStatus()
             : files.SetOwnership(path_, std::nullopt, std::nullopt, kDirectoryMode);
}

absl::StatusOr<std::string> DataDir::Read(const std::string& path) const {
  return Files().Read(path, kMaxFile);
}

absl::Status DataDir::Write(const std::string& path,
                            std::string_view content,
                            uint32_t mode) const {
  sys::LinuxFiles files = Files();
  ASSIGN_OR_RETURN(const sys::FileStat owner, files.Stat(path_));
  sys::ReplaceOptions options;
  options.mode = mode;
  options.uid = owner.uid;
  options.gid = owner.gid;
  const auto there = files.Stat(path);
  if (there.ok()) {
    options.expected = *there;
  }
  return files.Replace(path, content, options);
}

absl::Status DataDir::WriteNew(const std::string& path,
                               std::string_view content,
                               uint32_t mode) const {
  if (Files().Stat(path).ok()) {
    return absl::AlreadyExistsError(
        fmt::format("{} is there already and is not overwritten", path));
  }
  return Write(path, content, mode);
}

absl::Status DataDir::Own(const std::string& path, uint32_t mode) const {
  sys::LinuxFiles files = Files();
  ASSIGN_OR_RETURN(const sys::FileStat owner, files.Stat(path_));
  return files.SetOwnership(path, owner.uid, owner.gid, mode);
}

absl::StatusOr<pki::CertificateAuthority> DataDir::LoadAuthority() const {
  const auto key = Read(CaKey());
  const auto certificate = Read(CaCertificate());
  if (absl::IsNotFound(key.status()) || absl::IsNotFound(certificate.status())) {
    return FailedPrecondition(
        "{} holds no authority: run `fettle-server init` first, or restore the folder from its "
        "backup",
        path_);
  }
  RETURN_IF_ERROR(key.status());
  RETURN_IF_ERROR(certificate.status());
  auto authority = pki::CertificateAuthority::Load(*key, *certificate);
  if (!authority.ok()) {
    return Annotate(authority.status(), fmt::format("{} and {}", CaKey(), CaCertificate()));
  }
  return authority;
}

absl::Status DataDir::WriteOpensslConf() const {
  const auto there = Read(OpensslConf());
  return there.ok() && *there == kOpensslConf ? absl::OkStatus()
                                              : Write(OpensslConf(), kOpensslConf, 0644);
}

}  // namespace fettle::server
