// SPDX-License-Identifier: Apache-2.0
#include "agent/identity/identity.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/identity.h"
#include "lib/pki/private_key.h"

namespace fettle::agent {
namespace {

constexpr char kKey[] = "key.pem";
constexpr char kNextKey[] = "next-key.pem";
constexpr char kReportKey[] = "report-key.pem";
constexpr char kCertificate[] = "host.crt";
constexpr char kCa[] = "ca.pem";
constexpr uint64_t kMostBytes = 64U << 10;
constexpr uint32_t kPrivate = 0600;
constexpr uint32_t kPublic = 0644;

bool Fits(const std::string& key_pem, const std::string& public_pem) {
  const auto key = pki::PrivateKey::FromPem(key_pem);
  return key.ok() && key->Matches(public_pem).value_or(false);
}

absl::Status Describe(HostIdentity* identity) {
  ASSIGN_OR_RETURN(const pki::CertificateInfo info, pki::ParseCertificate(identity->certificate));
  for (const std::string& uri : info.uri_sans) {
    const auto who = pki::Identity::FromUri(uri);
    if (who.ok() && who->role == pki::Role::kHost) {
      identity->name = who->name;
    }
  }
  if (identity->name.empty()) {
    return FailedPrecondition("it is no host's certificate");
  }
  identity->not_before = info.not_before;
  identity->not_after = info.not_after;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> IdentityFiles::Read(const std::string& name) const {
  return host_.files().Read(PathOf(name), kMostBytes);
}

bool IdentityFiles::Exists() const {
  return host_.files().Stat(PathOf(kKey)).ok() || host_.files().Stat(PathOf(kCertificate)).ok();
}

absl::StatusOr<HostIdentity> IdentityFiles::Load() {
  if (!Exists()) {
    return NotFound(
        "this host is not enrolled: {} has no certificate; run fettle-agent enroll --server "
        "HOST:7441 --token TOKEN",
        folder_);
  }
  HostIdentity identity;
  ASSIGN_OR_RETURN(identity.certificate, Read(kCertificate));
  ASSIGN_OR_RETURN(identity.ca, Read(kCa));
  if (const absl::Status status = Describe(&identity); !status.ok()) {
    return FailedPrecondition("{}: {}; enrol this host again with fettle-agent enroll --force",
                              PathOf(kCertificate),
                              Message(status));
  }
  ASSIGN_OR_RETURN(const std::string public_pem, pki::CertificatePublicKey(identity.certificate));
  identity.private_key = Read(kKey).value_or("");
  if (Fits(identity.private_key, public_pem)) {
    return identity;
  }
  identity.private_key = Read(kNextKey).value_or("");
  if (!Fits(identity.private_key, public_pem)) {
    return FailedPrecondition(
        "the key in {} is damaged or not the certificate's; enrol this host again with "
        "fettle-agent enroll --force",
        PathOf(kKey));
  }
  RETURN_IF_ERROR(PromoteNextKey(identity.private_key));
  return identity;
}

absl::Status IdentityFiles::Write(const std::string& name,
                                  std::string_view content,
                                  uint32_t mode) {
  sys::ReplaceOptions options;
  options.mode = mode;
  const auto now = host_.files().Stat(PathOf(name));
  if (now.ok()) {
    options.expected = *now;
  }
  return host_.write_files().Replace(PathOf(name), content, options);
}

absl::Status IdentityFiles::MakeFolder() {
  for (std::size_t slash = folder_.find('/', 1);; slash = folder_.find('/', slash + 1)) {
    const std::string part = folder_.substr(0, slash);
    const bool whole = slash == std::string::npos;
    if (!host_.files().Stat(part).ok()) {
      RETURN_IF_ERROR(host_.write_files().MakeDirectory(part, whole ? 0700 : 0755, 0, 0));
    }
    if (whole) {
      return absl::OkStatus();
    }
  }
}

absl::Status IdentityFiles::Store(const HostIdentity& identity) {
  RETURN_IF_ERROR(MakeFolder());
  RETURN_IF_ERROR(Write(kCa, identity.ca, kPublic));
  RETURN_IF_ERROR(StoreNextKey(identity.private_key));
  RETURN_IF_ERROR(Write(kCertificate, identity.certificate, kPublic));
  return PromoteNextKey(identity.private_key);
}

absl::StatusOr<pki::SigningKey> IdentityFiles::ReportKey() {
  const auto pem = Read(kReportKey);
  if (pem.ok()) {
    if (auto key = pki::SigningKey::FromPem(*pem); key.ok()) {
      return key;
    }
    RETURN_IF_ERROR(Write(fmt::format("{}.damaged", kReportKey), *pem, kPrivate));
  } else if (!absl::IsNotFound(pem.status())) {
    return pem.status();
  }
  ASSIGN_OR_RETURN(pki::SigningKey key, pki::SigningKey::Generate());
  ASSIGN_OR_RETURN(const std::string made, key.Pem());
  RETURN_IF_ERROR(Write(kReportKey, made, kPrivate));
  return key;
}

absl::Status IdentityFiles::StoreNextKey(const std::string& private_key) {
  return Write(kNextKey, private_key, kPrivate);
}

absl::Status IdentityFiles::PromoteNextKey(const std::string& private_key) {
  RETURN_IF_ERROR(Write(kKey, private_key, kPrivate));
  return host_.write_files().Remove(PathOf(kNextKey));
}

absl::Status IdentityFiles::Adopt(const std::string& certificate, const std::string& ca) {
  ASSIGN_OR_RETURN(const std::string private_key, Read(kNextKey));
  ASSIGN_OR_RETURN(const std::string public_pem, pki::CertificatePublicKey(certificate));
  if (!Fits(private_key, public_pem)) {
    return FailedPrecondition("the new certificate is for another key; keeping the old one");
  }
  RETURN_IF_ERROR(Write(kCa, ca, kPublic));
  RETURN_IF_ERROR(Write(kCertificate, certificate, kPublic));
  return PromoteNextKey(private_key);
}

}  // namespace fettle::agent
