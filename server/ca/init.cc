// SPDX-License-Identifier: Apache-2.0
#include "server/ca/init.h"

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/enrol_token.h"
#include "server/ca/data_dir.h"
#include "server/ca/server_certificate.h"
#include "server/store/sqlite/store.h"

namespace fettle::server {
namespace {

constexpr absl::Duration kAuthorityValidity = absl::Hours(24 * 3652);  // Ten years.
constexpr absl::Duration kTokenValidity = absl::Hours(24);
constexpr std::size_t kShortId = 10;

constexpr std::string_view kTrustedKeysHead =
    "# SSH public keys that may sign revisions, one a line, as `ssh-add -L` prints them.\n";

absl::Status RefuseSecondTime(const DataDir& data, const Config& config) {
  for (const std::string& path : {data.CaKey(), data.CaCertificate(), config.DatabasePath()}) {
    if (!absl::IsNotFound(data.Read(path).status())) {
      return absl::AlreadyExistsError(fmt::format(
          "{} is set up already, or a set-up of it was interrupted ({} is there); nothing was "
          "changed. If nothing in it is needed, remove the folder and run init again",
          data.path(),
          path));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeAdminToken(Store& store,
                                           const std::string& admin,
                                           const Digest& ca_fingerprint,
                                           absl::Time now) {
  const pki::EnrolToken secret = pki::EnrolToken::Create(ca_fingerprint);
  TokenRecord token;
  token.id = NewId();
  token.secret = secret.SecretHash();
  token.subject = Subject::kUser;
  token.expires = now + kTokenValidity;
  token.name = admin;
  token.role = "admin";
  token.created_by = "server";
  RETURN_IF_ERROR(store.fleet().AddToken(token));
  RETURN_IF_ERROR(
      store.reports().Audit({now,
                             "server",
                             "init",
                             fmt::format("authority {}, token {} for the administrator {}",
                                         ca_fingerprint.Hex(),
                                         token.id,
                                         admin)}));
  return secret.Text();
}

}  // namespace

absl::StatusOr<InitResult> InitServer(const Config& config,
                                      const std::string& admin,
                                      const Clock& clock) {
  RETURN_IF_ERROR(pki::Identity::Of(pki::Role::kUser, admin).status());
  const DataDir data(config.data_dir);
  RETURN_IF_ERROR(data.Make());
  RETURN_IF_ERROR(RefuseSecondTime(data, config));

  InitResult result;
  result.ca_name = fmt::format("Fettle CA {}", NewId().substr(0, kShortId));
  const absl::Time now = clock.Now();
  ASSIGN_OR_RETURN(const auto authority,
                   pki::CertificateAuthority::Create(result.ca_name, kAuthorityValidity, now));
  ASSIGN_OR_RETURN(const std::string key, authority.KeyPem());
  RETURN_IF_ERROR(data.WriteOpensslConf());
  RETURN_IF_ERROR(EnsureServerCertificate(data, authority, config.names, now).status());
  if (!data.Read(config.TrustedKeysPath()).ok()) {
    RETURN_IF_ERROR(data.WriteNew(config.TrustedKeysPath(), kTrustedKeysHead, 0644));
  }
  {
    ASSIGN_OR_RETURN(const auto store, sqlite::OpenStore(config.DatabasePath(), clock));
    result.admin = admin;
    ASSIGN_OR_RETURN(result.admin_token,
                     MakeAdminToken(*store, admin, authority.info().fingerprint, now));
  }
  RETURN_IF_ERROR(data.Own(config.DatabasePath(), 0600));
  // The authority last: only where it is there, everything is.
  RETURN_IF_ERROR(data.WriteNew(data.CaCertificate(), authority.certificate_pem(), 0644));
  RETURN_IF_ERROR(data.WriteNew(data.CaKey(), key, 0600));
  result.ca_fingerprint = authority.info().fingerprint.Hex();
  return result;
}

}  // namespace fettle::server
