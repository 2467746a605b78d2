// SPDX-License-Identifier: Apache-2.0
#include "cli/client/credentials.h"

#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "cli/client/user_files.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/identity.h"
#include "lib/pki/private_key.h"
#include "lib/sys/linux_files.h"

namespace fettle::cli {
namespace {

constexpr uint64_t kMaxFileBytes = 256U << 10;
constexpr uint32_t kOpenToOthers = 077;
constexpr std::string_view kLogin =
    "get a token with `fettle enroll token --user` from an administrator, then `fettle login "
    "--server HOST:7441 --token TOKEN`";

std::string KeyPath(const std::string& folder) {
  return folder + "/key.pem";
}

// Makes `folder` and the parents that are missing.
absl::Status MakeFolder(sys::LinuxFiles& files, const std::string& folder) {
  std::vector<std::string> missing;
  for (std::string at = folder; !at.empty() && !files.Stat(at).ok();
       at = at.substr(0, at.rfind('/'))) {
    missing.push_back(at);
  }
  for (; !missing.empty(); missing.pop_back()) {
    RETURN_IF_ERROR(files.MakeDirectory(missing.back(), 0700, geteuid(), getegid()));
  }
  return absl::OkStatus();
}

absl::Status CheckKeyMode(const sys::LinuxFiles& files, const std::string& path) {
  ASSIGN_OR_RETURN(const sys::FileStat stat, files.Stat(path));
  if ((stat.mode & kOpenToOthers) != 0) {
    return PermissionDenied(
        "{} has mode {:04o}: others can read your key; `chmod 600 {}`, and log in again if "
        "somebody may have read it",
        path,
        stat.mode,
        path);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPart(const sys::LinuxFiles& files, const std::string& path) {
  auto content = files.Read(path, kMaxFileBytes);
  if (absl::IsNotFound(content.status())) {
    return FailedPrecondition("not logged in to a server ({} is not there): {}", path, kLogin);
  }
  return content;
}

absl::Status CheckTogether(const std::string& folder, const Credentials& credentials) {
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::FromPem(credentials.key_pem));
  ASSIGN_OR_RETURN(const std::string public_key,
                   pki::CertificatePublicKey(credentials.certificate_pem));
  ASSIGN_OR_RETURN(const bool matches, key.Matches(public_key));
  if (!matches) {
    return FailedPrecondition(
        "{}: key.pem and cert.pem do not belong together; {}", folder, kLogin);
  }
  return pki::ParseCertificate(credentials.ca_pem).status();
}

absl::Status CheckTime(const Credentials& credentials, absl::Time now) {
  ASSIGN_OR_RETURN(const pki::CertificateInfo info,
                   pki::ParseCertificate(credentials.certificate_pem));
  if (info.not_after <= now) {
    return FailedPrecondition(
        "your certificate expired at {}: {}", Rfc3339(info.not_after), kLogin);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ConfigFolder() {
  const char* const own = secure_getenv("FETTLE_CONFIG");
  if (own != nullptr && *own == '/') {
    std::string_view folder = own;
    while (folder.size() > 1 && folder.ends_with('/')) {
      folder.remove_suffix(1);
    }
    return std::string(folder);
  }
  if (own != nullptr && *own != '\0') {
    return FailedPrecondition("FETTLE_CONFIG is \"{}\": it must be an absolute path", own);
  }
  const char* const home = secure_getenv("HOME");
  if (home == nullptr || *home != '/') {
    return FailedPrecondition(
        "HOME is not set: set it, or FETTLE_CONFIG to the folder with your credentials");
  }
  return std::string(home) + "/.config/fettle";
}

absl::StatusOr<Credentials> LoadCredentials(const std::string& folder, absl::Time now) {
  const sys::LinuxFiles files("", "");
  Credentials credentials;
  ASSIGN_OR_RETURN(credentials.key_pem, ReadPart(files, KeyPath(folder)));
  RETURN_IF_ERROR(CheckKeyMode(files, KeyPath(folder)));
  ASSIGN_OR_RETURN(credentials.certificate_pem, ReadPart(files, folder + "/cert.pem"));
  ASSIGN_OR_RETURN(credentials.ca_pem, ReadPart(files, folder + "/ca.pem"));
  ASSIGN_OR_RETURN(const std::string server, ReadPart(files, folder + "/server"));
  ASSIGN_OR_RETURN(const std::string login, ReadPart(files, folder + "/login"));
  credentials.server = Trim(server);
  credentials.login_server = Trim(login);
  RETURN_IF_ERROR(Annotate(CheckTogether(folder, credentials), folder));
  RETURN_IF_ERROR(CheckTime(credentials, now));
  return credentials;
}

absl::Status SaveCredentials(const std::string& folder, const Credentials& credentials) {
  sys::LinuxFiles files("", "");
  RETURN_IF_ERROR(MakeFolder(files, folder));
  RETURN_IF_ERROR(WriteUserFile(KeyPath(folder), credentials.key_pem, 0600));
  RETURN_IF_ERROR(WriteUserFile(folder + "/cert.pem", credentials.certificate_pem, 0644));
  RETURN_IF_ERROR(WriteUserFile(folder + "/ca.pem", credentials.ca_pem, 0644));
  RETURN_IF_ERROR(WriteUserFile(folder + "/login", credentials.login_server + "\n", 0644));
  return WriteUserFile(folder + "/server", credentials.server + "\n", 0644);
}

absl::StatusOr<Login> LoginOf(const Credentials& credentials) {
  ASSIGN_OR_RETURN(const pki::CertificateInfo info,
                   pki::ParseCertificate(credentials.certificate_pem));
  for (const std::string& uri : info.uri_sans) {
    const auto identity = pki::Identity::FromUri(uri);
    if (identity.ok() && identity->role == pki::Role::kUser) {
      return Login{identity->name, info.not_after};
    }
  }
  return FailedPrecondition("the stored certificate is no user's: {}", kLogin);
}

absl::StatusOr<std::string> HostPart(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  int64_t port = 0;
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  if (colon == std::string_view::npos || host.empty() || bare_ipv6 ||
      !ParseInt(address.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return InvalidArgument(
        "\"{}\" is no address: write HOST:PORT, as in fettle.example.com:7441 or "
        "[2001:db8::1]:7441",
        address);
  }
  return std::string(host);
}

}  // namespace fettle::cli
