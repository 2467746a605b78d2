// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/certificate_info.h"
#include "lib/pki/handles.h"
#include "lib/pki/identity.h"
#include "lib/pki/private_key.h"

namespace fettle::pki {

// Certificates begin this much before they are issued: clocks of hosts run behind.
inline constexpr absl::Duration kBackdate = absl::Minutes(5);

// A certificate to issue. Everything that it will say comes from here; of a certificate request
// only the key is taken.
struct IssueRequest {
  Identity identity;                   // Role and name; the URI subject alternative name.
  std::string csr_pem;                 // Either this, whose signature is checked first,
  std::string public_key_pem;          // or this.
  std::string common_name;             // Shown to people; at most 64 bytes, may be "".
  std::vector<std::string> dns_names;  // Names and addresses at which a server is reached.
  std::vector<std::string> ip_addresses;
  absl::Duration validity;  // From `now`; cut to the authority's own end.
  absl::Time now;
};

// The authority that vouches for every host, user and server of one fleet: a P-256 key and its
// self-signed certificate, which may sign end certificates and nothing below them. Not changed
// after construction; safe to use from any thread.
class CertificateAuthority {
 public:
  // A new authority, valid from kBackdate before `now` until `now + validity`.
  // kInvalidArgument for a bad name or a validity that is not positive.
  static absl::StatusOr<CertificateAuthority> Create(std::string_view common_name,
                                                     absl::Duration validity,
                                                     absl::Time now);

  // From its two files. kInvalidArgument if one is damaged, the certificate is no authority's, or
  // key and certificate do not belong together.
  static absl::StatusOr<CertificateAuthority> Load(std::string_view key_pem,
                                                   std::string_view certificate_pem);

  // Signs a certificate with a random 128-bit serial; returns its PEM. kInvalidArgument says what
  // of `request` is wrong; kPermissionDenied if the sender of csr_pem does not hold its key;
  // kFailedPrecondition if the authority's own certificate is not valid at `request.now`.
  absl::StatusOr<std::string> Issue(const IssueRequest& request) const;

  const std::string& certificate_pem() const { return certificate_pem_; }

  // info().fingerprint is what enrolment tokens pin.
  const CertificateInfo& info() const { return info_; }

  // For the file that keeps it (mode 0600), for nothing else.
  absl::StatusOr<std::string> KeyPem() const { return key_.Pem(); }

 private:
  CertificateAuthority(PrivateKey key, X509Ptr certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  static absl::StatusOr<CertificateAuthority> Of(PrivateKey key, X509Ptr certificate);

  PrivateKey key_;
  X509Ptr certificate_;
  std::string certificate_pem_;
  CertificateInfo info_;
};

}  // namespace fettle::pki
