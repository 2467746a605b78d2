// SPDX-License-Identifier: Apache-2.0
#include "modules/check/check.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/check/endpoint.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::Value;
using ::testing::AllOf;
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr const char* kUrl = "http://127.0.0.1/healthz";

class CheckTest : public ::testing::Test {
 protected:
  std::unique_ptr<resource::Resource> Check(const Value::Map& declared) {
    return Declare(CheckType(), "it works", declared);
  }

  std::vector<std::string> Look(const Value::Map& declared) {
    return Differences(*Check(declared), host_);
  }

  testing::FakeHost host_;
};

TEST_F(CheckTest, LooksAtTheStatusAndTextOfAnHttpAnswer) {
  EXPECT_THAT(Look({{"http", kUrl}}), ElementsAre(HasSubstr("Connection refused -> status 200")));
  host_.programs().OnHttp(kUrl, 503, "starting");
  EXPECT_THAT(Look({{"http", kUrl}}), ElementsAre("http: status 503 -> status 200"));
  EXPECT_THAT(Look({{"http", kUrl}, {"expect", 503}}), IsEmpty());
  host_.programs().OnHttp(kUrl, 200, "all is well");
  EXPECT_THAT(Look({{"http", kUrl}, {"contains", "well"}}), IsEmpty());
  EXPECT_THAT(Look({{"http", kUrl}, {"contains", "bad"}}),
              ElementsAre("http: all is well -> contains bad"));
}

TEST_F(CheckTest, LooksWhetherAPortAccepts) {
  EXPECT_THAT(Look({{"tcp", "db:5432"}}), ElementsAre(HasSubstr("refused -> connected")));
  host_.programs().Listen("db", 5432);
  EXPECT_THAT(Look({{"tcp", "db:5432"}}), IsEmpty());
}

TEST_F(CheckTest, LooksHowACommandExits) {
  EXPECT_THAT(Look({{"command", "pool -x"}}), ElementsAre(HasSubstr("no such program -> exit 0")));
  sys::CommandResult result;
  result.exit_code = 3;
  result.out = "degraded";
  host_.programs().On([](const std::vector<std::string>&) { return true; }, result);
  EXPECT_THAT(Look({{"command", "pool -x"}}),
              ElementsAre(AllOf(HasSubstr("exit 3: "), HasSubstr("degraded"))));
  EXPECT_THAT(Look({{"command", "pool -x"}, {"expect", 3}, {"contains", "degraded"}}), IsEmpty());
  EXPECT_THAT(Look({{"command", "pool -x"}, {"expect", 3}, {"contains", "healthy"}}),
              ElementsAre("command: degraded -> contains healthy"));
}

TEST_F(CheckTest, LooksForAFileAndItsText) {
  EXPECT_THAT(Look({{"file", "/etc/licence"}}), ElementsAre("file: (absent) -> /etc/licence"));
  host_.disk().PutFile("/etc/licence", "valid until 2030");
  EXPECT_THAT(Look({{"file", "/etc/licence"}}), IsEmpty());
  EXPECT_THAT(Look({{"file", "/etc/licence"}, {"contains", "2030"}}), IsEmpty());
  EXPECT_THAT(Look({{"file", "/etc/licence"}, {"contains", "2031"}}),
              ElementsAre("file: valid until 2030 -> contains 2031"));
}

TEST_F(CheckTest, TellsWhatItCouldNotAskFromAnAnswer) {
  host_.calls().FailMatching("HttpGet", absl::PermissionDeniedError("no sockets here"));
  EXPECT_THAT(Check({{"http", kUrl}})->Inspect(host_, Deadline::Never()),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(CheckTest, FailsWithTheLastAnswerWithoutWriting) {
  host_.programs().OnHttp(kUrl, 503, "");
  EXPECT_THAT(BringAbout(*Check({{"http", kUrl}, {"within", "2ms"}, {"interval", "1ms"}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("found status 503, expected status 200"),
                             HasSubstr("tried for 2ms"))));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(CheckTest, GoesOnTryingUntilItHolds) {
  // Each look at the command is one step nearer to the file.
  int looks = 0;
  sys::CommandResult failing;
  failing.exit_code = 1;
  host_.programs().On([](const std::vector<std::string>&) { return true; },
                      failing,
                      [&looks](testing::FakeHost& host, const sys::Command&) {
                        if (++looks == 3) {
                          host.programs().OnProgram("ready", 0);
                        }
                      });
  EXPECT_OK(
      BringAbout(*Check({{"command", "ready"}, {"within", "1h"}, {"interval", "1ms"}}), host_));
  EXPECT_EQ(looks, 3);
}

TEST_F(CheckTest, LooksOnceInAPlan) {
  const auto check = Check({{"http", kUrl}, {"within", "1h"}});
  ASSERT_OK(check->Inspect(host_, Deadline::Never()));
  EXPECT_EQ(host_.calls().CountMatching("HttpGet"), 1U);
}

TEST(CheckSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {{}, "give one of"},
           {{{"http", kUrl}, {"file", "/x"}}, "give one of"},
           {{{"http", "ftp://x"}}, "http: expected"},
           {{{"http", Value::Secret(kUrl)}}, "no secret"},
           {{{"tcp", "db"}}, "tcp: expected"},
           {{{"tcp", "db:1"}, {"contains", "x"}}, "contains"},
           {{{"file", "/x"}, {"expect", 1}}, "expect"},
       }) {
    EXPECT_THAT(DeclarationErrors(CheckSchema(), "it works", one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.error;
  }
  EXPECT_TRUE(CheckSchema().read_only);
}

TEST(EndpointTest, ReadsHostsAndAddresses) {
  struct Case {
    const char* text;
    const char* host;
    uint16_t port;
  };

  for (const Case& one : std::vector<Case>{{"db.example.org:5432", "db.example.org", 5432},
                                           {"127.0.0.1:1", "127.0.0.1", 1},
                                           {"[::1]:65535", "::1", 65535}}) {
    Endpoint endpoint;
    EXPECT_TRUE(ParseEndpoint(one.text, &endpoint)) << one.text;
    EXPECT_EQ(endpoint.host, one.host);
    EXPECT_EQ(endpoint.port, one.port);
  }
}

TEST(EndpointTest, RefusesAnythingElse) {
  for (const char* const text :
       {"", "db", "db:", ":1", "db:0", "db:65536", "db:x", "::1:22", "[]:1", "a b:1", "[db]x:1"}) {
    Endpoint endpoint;
    EXPECT_FALSE(ParseEndpoint(text, &endpoint)) << text;
  }
}

}  // namespace
}  // namespace fettle::modules
