// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/signing_key.h"
#include "lib/sys/host.h"

namespace fettle::agent {

// What proves to the server who this host is. PEM, all three.
struct HostIdentity {
  std::string name;  // From the certificate.
  std::string private_key;
  std::string certificate;
  std::string ca;
  absl::Time not_before;
  absl::Time not_after;
};

// The files of an identity, in one folder:
//   key.pem       the private key, 0600; never leaves the host
//   host.crt      the certificate
//   ca.pem        the authority
//   next-key.pem  the key of a renewal under way
//   report-key.pem  what reports are signed with, 0600; never leaves the host, outlives
//   certificates
// Certificate and key must fit; two renames are not one. So a renewal puts the new key beside the
// old one first, then replaces the certificate, then the key; Load() takes the key that fits and
// finishes what was interrupted.
class IdentityFiles {
 public:
  IdentityFiles(std::string folder, sys::Host& host) : folder_(std::move(folder)), host_(host) {}

  const std::string& folder() const { return folder_; }

  // kNotFound when this host was never enrolled; kFailedPrecondition when a file is damaged or no
  // key fits the certificate: both say what to do.
  absl::StatusOr<HostIdentity> Load();

  // Writes the first identity. Makes the folder (0700).
  absl::Status Store(const HostIdentity& identity);

  // Puts the key of a renewal beside the present one, before anything is asked for with it.
  absl::Status StoreNextKey(const std::string& private_key);

  // The certificate for that key has come: takes both over.
  absl::Status Adopt(const std::string& certificate, const std::string& ca);

  // What reports are signed with; made when there is none. One that cannot be read as a key is put
  // aside: the evidence log then says that this host has another, which is what its readers are to
  // know.
  absl::StatusOr<pki::SigningKey> ReportKey();

  // Whether there is an identity already, in whatever state.
  bool Exists() const;

  // Writes a file of the folder, whole or not at all.
  absl::Status Write(const std::string& name, std::string_view content, uint32_t mode);

 private:
  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }

  absl::StatusOr<std::string> Read(const std::string& name) const;
  absl::Status MakeFolder();
  absl::Status PromoteNextKey(const std::string& private_key);

  const std::string folder_;
  sys::Host& host_;
};

}  // namespace fettle::agent
