// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/pki/certificate_authority.h"

namespace fettle::server {

// Where things are in the server's data directory. Files are written whole or not at all, and
// belong to whom the directory belongs to.
class DataDir {
 public:
  explicit DataDir(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  std::string CaKey() const { return path_ + "/ca.key"; }

  std::string CaCertificate() const { return path_ + "/ca.pem"; }

  // The private key that signs heads of the evidence log. Without it heads that were signed are
  // still good, but nobody can go on from them.
  std::string EvidenceKey() const { return path_ + "/evidence.key"; }

  // A link to the folder with the server's present certificate: server.key, server.pem (with the
  // authority's), ca.pem. What they hold changes together, by swapping the link.
  std::string Tls() const { return path_ + "/tls"; }

  // What receivers of notifications were told.
  std::string NotifyMemory() const { return path_ + "/notify.json"; }

  // Which reports were sent.
  std::string ReportMemory() const { return path_ + "/reports.json"; }

  // How far the outlets of events have come.
  std::string SiemPositions() const { return path_ + "/siem.json"; }

  // For the environment variable OPENSSL_CONF: TLS 1.3 alone, no session tickets (a resumed session
  // would not be asked for its certificate anew).
  std::string OpensslConf() const { return path_ + "/openssl.cnf"; }

  // Makes the directory (mode 0700) if it is missing; its parent must be there. Takes away what
  // others may do with one that is there.
  absl::Status Make() const;

  // kNotFound when there is no file.
  absl::StatusOr<std::string> Read(const std::string& path) const;
  // Replaces what is there.
  absl::Status Write(const std::string& path, std::string_view content, uint32_t mode) const;
  // kAlreadyExists when something is there.
  absl::Status WriteNew(const std::string& path, std::string_view content, uint32_t mode) const;
  // Gives a file to the directory's owner, with this mode.
  absl::Status Own(const std::string& path, uint32_t mode) const;

  // kFailedPrecondition, with what to do, if `init` was never run here.
  absl::StatusOr<pki::CertificateAuthority> LoadAuthority() const;

  // Writes OpensslConf() if it is missing or another one.
  absl::Status WriteOpensslConf() const;

 private:
  std::string path_;
};

}  // namespace fettle::server
