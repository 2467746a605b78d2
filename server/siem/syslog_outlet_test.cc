// SPDX-License-Identifier: Apache-2.0
#include "server/siem/syslog_outlet.h"

#include <fstream>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/private_key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tls_server.h"

namespace fettle::server::siem {
namespace {

using ::testing::HasSubstr;
using testing::TlsServer;

class SyslogOutletTest : public ::testing::Test {
 protected:
  SyslogOutletTest()
      : ca_(*pki::CertificateAuthority::Create("Test CA", absl::Hours(24), absl::Now())) {
    config_.name = "soc";
    config_.ca_file = folder_.path() + "/ca.pem";
    config_.timeout = absl::Seconds(60);
    std::ofstream(config_.ca_file) << ca_.certificate_pem();
    event_.kind = "drift";
  }

  // A receiver whose certificate is for `name`, and that is dialled as localhost.
  std::unique_ptr<TlsServer> Serve(const std::string& name = "localhost", bool hangs_up = false) {
    const auto key = pki::PrivateKey::Generate();
    pki::IssueRequest request;
    request.identity = {pki::Role::kServer, "test"};
    request.public_key_pem = *key->PublicPem();
    request.dns_names = {name};
    request.validity = absl::Hours(1);
    request.now = absl::Now();
    TlsServer::Options options;
    options.certificate = *ca_.Issue(request);
    options.private_key = *key->Pem();
    options.offers_http2 = false;
    options.hangs_up = hangs_up;
    auto server = std::make_unique<TlsServer>(options);
    config_.address = fmt::format("localhost:{}", server->port());
    return server;
  }

  const testing::TempFolder folder_;
  const pki::CertificateAuthority ca_;
  SiemOutlet config_;
  Event event_;
};

TEST_F(SyslogOutletTest, SendsToWhomTheAuthorityVouchesFor) {
  const auto server = Serve();
  SyslogOutlet outlet(config_, "s");
  EXPECT_OK(outlet.Send({event_, event_}));
  EXPECT_OK(outlet.Check());
}

TEST_F(SyslogOutletTest, SendsNothingToAnother) {
  const auto server = Serve("other.example");
  SyslogOutlet outlet(config_, "s");
  const absl::Status sent = outlet.Send({event_});
  EXPECT_TRUE(absl::IsPermissionDenied(sent)) << sent;
  EXPECT_THAT(std::string(sent.message()), HasSubstr("ca_file"));
}

TEST_F(SyslogOutletTest, FindsThatTheReceiverHasGone) {
  const auto server = Serve("localhost", true);
  SyslogOutlet outlet(config_, "s");
  static_cast<void>(outlet.Send({event_}));
  absl::Status there = absl::OkStatus();
  while (there.ok()) {
    there = outlet.Send({event_});
  }
  EXPECT_THAT(std::string(there.message()), HasSubstr(config_.address));
}

TEST_F(SyslogOutletTest, SaysWhichFileItCannotRead) {
  config_.address = "localhost:1";
  config_.ca_file = folder_.path() + "/missing.pem";
  const absl::Status sent = SyslogOutlet(config_, "s").Send({event_});
  EXPECT_THAT(std::string(sent.message()), HasSubstr("missing.pem"));
}

}  // namespace
}  // namespace fettle::server::siem
