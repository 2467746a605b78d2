// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_host.h"

namespace fettle::engine {
namespace {

using resource::Guard;
using ::testing::HasSubstr;
using ::testing::Optional;

std::optional<std::string> Evaluate(const testing::FakeHost& host, std::vector<Guard> guards) {
  resource::Declaration declaration;
  declaration.guards = std::move(guards);
  return HeldBack(declaration, host, Deadline::Never()).value_or("error");
}

TEST(GuardsTest, AllMustHold) {
  testing::FakeHost host;
  host.disk().PutFile("/etc/flag", "");
  host.programs().OnProgram("/bin/true", 0);
  host.programs().OnProgram("/bin/false", 1);
  const Guard flag{Guard::Test::kFileExists, {"/etc/flag"}, false};
  const Guard succeeds{Guard::Test::kCommandSucceeds, {"/bin/true"}, false};
  EXPECT_EQ(Evaluate(host, {}), std::nullopt);
  EXPECT_EQ(Evaluate(host, {flag, succeeds}), std::nullopt);
  EXPECT_THAT(
      Evaluate(host, {flag, {Guard::Test::kCommandSucceeds, {"/bin/false"}, false}}),
      Optional(std::string("left alone: only if \"/bin/false\" succeeds, which is not so")));
  EXPECT_THAT(Evaluate(host, {{Guard::Test::kFileExists, {"/etc/flag"}, true}}),
              Optional(std::string("left alone: unless /etc/flag exists, which is so")));
  EXPECT_THAT(Evaluate(host, {{Guard::Test::kNever, {}, false}}), Optional(HasSubstr("never")));
  EXPECT_THAT(Evaluate(host, {{Guard::Test::kPackageInstalled, {"nginx"}, false}}),
              Optional(HasSubstr("the package nginx is installed")));
}

TEST(GuardsTest, OneThatCannotBeEvaluatedIsAnErrorEitherWay) {
  testing::FakeHost host;
  host.programs().OnProgram("/bin/unknown", 127);
  host.programs().OnProgram("/bin/directory", 126);
  for (const char* program : {"/no/such", "/bin/unknown", "/bin/directory"}) {
    for (const bool negate : {false, true}) {
      resource::Declaration declaration;
      declaration.guards = {{Guard::Test::kCommandSucceeds, {program}, negate}};
      EXPECT_THAT(std::string(HeldBack(declaration, host, Deadline::Never()).status().message()),
                  HasSubstr("could not find out its condition"))
          << program;
    }
  }
}

}  // namespace
}  // namespace fettle::engine
