// SPDX-License-Identifier: Apache-2.0
#include "agent/identity/enroll.h"

#include <sys/utsname.h>

#include <vector>

#include "agent/config/config.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/certificate_verify.h"
#include "lib/pki/enrol_token.h"
#include "lib/pki/private_key.h"
#include "lib/pki/ssh_public_key.h"

namespace fettle::agent {
namespace {

constexpr uint64_t kMostBytes = 1U << 20;
constexpr uint32_t kPublic = 0644;

std::string OwnName() {
  struct utsname names {};

  return ::uname(&names) == 0 ? std::string(names.nodename) : std::string();
}

absl::Status CheckAnswer(const link::EnrollmentAnswer& answer,
                         const std::string& name,
                         const Digest& pin,
                         absl::Time now) {
  ASSIGN_OR_RETURN(const pki::CertificateInfo ca, pki::ParseCertificate(answer.ca));
  if (ca.fingerprint != pin) {
    return PermissionDenied("the answer's authority is not the one that the token names");
  }
  ASSIGN_OR_RETURN(const pki::VerifiedCertificate verified,
                   pki::VerifyCertificateFor(pki::Role::kHost, answer.certificate, answer.ca, now));
  return verified.identity.name == name
             ? absl::OkStatus()
             : PermissionDenied(
                   "the certificate is for {}, asked for was {}", verified.identity.name, name);
}

// The keys to trust, checked: "" if the person gave none.
absl::StatusOr<std::string> ReadTrustedKeys(const std::string& path, const sys::Host& host) {
  if (path.empty()) {
    return std::string();
  }
  ASSIGN_OR_RETURN(std::string text, host.files().Read(path, kMostBytes));
  const auto keys = pki::ParseSshPublicKeys(text);
  RETURN_IF_ERROR(Annotate(keys.status(), path));
  if (keys->empty()) {
    return InvalidArgument("{} holds no SSH public key", path);
  }
  return text;
}

std::string Summary(const std::string& name, const std::string& server, const std::string& folder) {
  return fmt::format(
      "{} is enrolled with {}; its key and certificate are in {}\n", name, server, folder);
}

}  // namespace

absl::StatusOr<std::string> WithPort(const std::string& address, int port) {
  const std::size_t colon = address.rfind(':');
  int64_t old_port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !ParseInt(std::string_view(address).substr(colon + 1), &old_port)) {
    return InvalidArgument("\"{}\" is no address; write it as HOST:7441", address);
  }
  return fmt::format("{}:{}", address.substr(0, colon), port);
}

absl::StatusOr<std::string> Enroll(const EnrollOptions& options,
                                   const Asker& ask,
                                   sys::Host& host,
                                   const std::string& folder,
                                   absl::Time now) {
  IdentityFiles files(folder, host);
  if (files.Exists() && !options.force) {
    return FailedPrecondition(
        "this host is enrolled already: {} holds its key; --force replaces it (the server must "
        "know that the old one is gone)",
        folder);
  }
  Config config;
  config.trusted_keys = folder + "/trusted_keys";
  ASSIGN_OR_RETURN(config.server, WithPort(options.server, options.mtls_port));
  ASSIGN_OR_RETURN(const pki::EnrolToken token, pki::EnrolToken::Parse(options.token));
  ASSIGN_OR_RETURN(const std::string trusted, ReadTrustedKeys(options.trust_keys, host));
  const std::string name = options.name.empty() ? OwnName() : options.name;
  RETURN_IF_ERROR(pki::Identity::Of(pki::Role::kHost, name).status());

  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::Generate());
  link::EnrollmentQuestion question{
      options.server, token.ca_fingerprint.Hex(), token.secret, name, "", ""};
  ASSIGN_OR_RETURN(question.certificate_request, pki::MakeCertificateRequest(key, name));
  question.machine_id =
      std::string(Trim(host.files().Read("/etc/machine-id", kMostBytes).value_or("")));
  ASSIGN_OR_RETURN(const link::EnrollmentAnswer answer, ask(question));
  RETURN_IF_ERROR(
      Annotate(CheckAnswer(answer, name, token.ca_fingerprint, now), "the server's answer"));

  HostIdentity identity;
  ASSIGN_OR_RETURN(identity.private_key, key.Pem());
  identity.certificate = answer.certificate;
  identity.ca = answer.ca;
  RETURN_IF_ERROR(files.Store(identity));
  RETURN_IF_ERROR(files.Load().status());  // Proves that key and certificate fit.
  RETURN_IF_ERROR(files.Write("agent.toml", FormatConfig(config), kPublic));
  std::string summary = Summary(name, config.server, folder);
  if (!trusted.empty()) {
    RETURN_IF_ERROR(files.Write("trusted_keys", trusted, kPublic));
  } else if (!host.files().Stat(config.trusted_keys).ok()) {
    summary += fmt::format(
        "No key is trusted yet, so nothing will be applied: put the SSH public keys that may sign "
        "for this host into {}, one a line\n",
        config.trusted_keys);
  }
  return summary;
}

}  // namespace fettle::agent
