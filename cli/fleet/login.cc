// SPDX-License-Identifier: Apache-2.0
// `fettle login`: a one-time token becomes a client certificate.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/credentials.h"
#include "cli/client/enrollment_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/terminal/output.h"
#include "fettle/v1/enrollment.pb.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/enrol_token.h"
#include "lib/pki/pinned_ca.h"
#include "lib/pki/private_key.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kFetchTime = absl::Seconds(15);

struct Arguments {
  std::string server;
  std::string token;
  std::string name;
  uint16_t mtls_port = 7440;
};

absl::Status LogIn(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const std::string host, HostPart(arguments.server));
  ASSIGN_OR_RETURN(const pki::EnrolToken token, pki::EnrolToken::Parse(arguments.token));
  ASSIGN_OR_RETURN(const std::string folder, ConfigFolder());
  // The token's pin tells which authority to trust, before anything secret is sent.
  ASSIGN_OR_RETURN(
      const std::string ca,
      pki::FetchPinnedCa(arguments.server, token.ca_fingerprint, Deadline::After(kFetchTime)));

  Credentials credentials;
  ASSIGN_OR_RETURN(const pki::PrivateKey key, pki::PrivateKey::Generate());
  ASSIGN_OR_RETURN(credentials.key_pem, key.Pem());
  v1::EnrollRequest request;
  request.set_subject(v1::SUBJECT_USER);
  request.set_name(arguments.name);
  request.set_token_secret(token.secret);
  ASSIGN_OR_RETURN(*request.mutable_certificate_request(),
                   pki::MakeCertificateRequest(key, arguments.name));
  ASSIGN_OR_RETURN(const v1::EnrollResponse response,
                   Enroll(Connection::Anonymous(arguments.server, ca), request));

  credentials.server = fmt::format("{}:{}", host, arguments.mtls_port);
  credentials.login_server = arguments.server;
  credentials.certificate_pem = response.certificate();
  credentials.ca_pem = ca;
  RETURN_IF_ERROR(SaveCredentials(folder, credentials));
  ASSIGN_OR_RETURN(const Login login, LoginOf(credentials));
  Print(fmt::format("logged in to {} as {} until {} (credentials in {})\n",
                    credentials.server,
                    login.user,
                    Rfc3339(login.expires),
                    folder));
  return absl::OkStatus();
}

}  // namespace

void AddLoginCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("login", "Get a certificate for this user, with a one-time token");
  command
      ->add_option(
          "--server", arguments->server, "HOST:PORT where the server enrols, as a rule port 7441")
      ->required();
  command
      ->add_option("--token",
                   arguments->token,
                   "What `fettle-server init` or `fettle enroll token --user` printed")
      ->required();
  command->add_option("--name", arguments->name, "Your name, if the token is not for one already");
  command->add_option("--mtls-port", arguments->mtls_port, "The server's port for everything else")
      ->capture_default_str();
  command->footer(
      "The key is made here, kept in $FETTLE_CONFIG (~/.config/fettle) with mode 0600, and never "
      "sent.\n\nExample: fettle login --server fettle.example.com:7441 --token fettle1.…");
  OnParse(command, "login", exit_code, [arguments] { return LogIn(*arguments); });
}

}  // namespace fettle::cli
