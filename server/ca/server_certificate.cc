// SPDX-License-Identifier: Apache-2.0
#include "server/ca/server_certificate.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <set>

#include "lib/base/deadline.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_verify.h"
#include "lib/pki/private_key.h"
#include "lib/sys/linux_files.h"

namespace fettle::server {
namespace {

constexpr absl::Duration kValidity = absl::Hours(24 * 90);
constexpr uint64_t kMaxOldFiles = 16;
constexpr absl::Duration kRemoveWithin = absl::Seconds(10);

bool IsAddress(const std::string& name) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// Whether what is there will do for some time to come.
absl::Status CheckPresent(const DataDir& data,
                          const pki::CertificateAuthority& authority,
                          std::span<const std::string> names,
                          absl::Time now) {
  ASSIGN_OR_RETURN(const std::string key_pem, data.Read(data.Tls() + "/server.key"));
  ASSIGN_OR_RETURN(const std::string certificate, data.Read(data.Tls() + "/server.pem"));
  ASSIGN_OR_RETURN(
      const pki::VerifiedCertificate verified,
      pki::VerifyCertificateFor(pki::Role::kServer, certificate, authority.certificate_pem(), now));
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::FromPem(key_pem));
  ASSIGN_OR_RETURN(const std::string public_key, pki::CertificatePublicKey(certificate));
  ASSIGN_OR_RETURN(const bool matches, key.Matches(public_key));
  std::set<std::string> present(verified.info.dns_sans.begin(), verified.info.dns_sans.end());
  present.insert(verified.info.ip_sans.begin(), verified.info.ip_sans.end());
  const absl::Time half =
      verified.info.not_before + (verified.info.not_after - verified.info.not_before) / 2;
  if (!matches || now >= half || present != std::set<std::string>(names.begin(), names.end())) {
    return FailedPrecondition("the server's certificate is due");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> IssueFor(const pki::CertificateAuthority& authority,
                                     const pki::PrivateKey& key,
                                     std::span<const std::string> names,
                                     absl::Time now) {
  pki::IssueRequest request;
  request.identity = {pki::Role::kServer, "server"};
  ASSIGN_OR_RETURN(request.public_key_pem, key.PublicPem());
  request.common_name = "fettle-server";
  for (const std::string& name : names) {
    (IsAddress(name) ? request.ip_addresses : request.dns_names).push_back(name);
  }
  request.validity = kValidity;
  request.now = now;
  return authority.Issue(request);
}

}  // namespace

absl::StatusOr<bool> EnsureServerCertificate(const DataDir& data,
                                             const pki::CertificateAuthority& authority,
                                             std::span<const std::string> names,
                                             absl::Time now) {
  if (CheckPresent(data, authority, names, now).ok()) {
    return false;
  }
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const std::string key_pem, key.Pem());
  ASSIGN_OR_RETURN(const std::string certificate, IssueFor(authority, key, names, now));

  sys::LinuxFiles files("", "");
  ASSIGN_OR_RETURN(const sys::FileStat owner, files.Stat(data.path()));
  const std::string name = fmt::format("tls.{}", NewId());
  const std::string folder = fmt::format("{}/{}", data.path(), name);
  RETURN_IF_ERROR(files.MakeDirectory(folder, 0700, owner.uid, owner.gid));
  RETURN_IF_ERROR(data.WriteNew(folder + "/server.key", key_pem, 0600));
  // The authority's certificate goes along: who enrols finds it by the fingerprint in the token.
  RETURN_IF_ERROR(
      data.WriteNew(folder + "/server.pem", certificate + authority.certificate_pem(), 0644));
  RETURN_IF_ERROR(data.WriteNew(folder + "/ca.pem", authority.certificate_pem(), 0644));
  const auto old = files.ReadLink(data.Tls());
  RETURN_IF_ERROR(files.MakeLink(data.Tls(), name));
  if (old.ok() && old->starts_with("tls.")) {
    RETURN_IF_ERROR(files.RemoveTree(
        fmt::format("{}/{}", data.path(), *old), kMaxOldFiles, Deadline::After(kRemoveWithin)));
  }
  return true;
}

}  // namespace fettle::server
