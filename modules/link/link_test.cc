// SPDX-License-Identifier: Apache-2.0
#include "modules/link/link.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using absl::StatusCode;
using resource::Difference;
using resource::Value;
using ::testing::ElementsAre;
using testing::FakeHost;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::StatusIs;

const Deadline kNever = Deadline::Never();

class LinkTest : public ::testing::Test {
 protected:
  static std::unique_ptr<resource::Resource> Link(const std::string& name,
                                                  const Value::Map& declared) {
    std::vector<std::string> errors;
    const resource::Attributes attributes =
        resource::Normalize(LinkSchema(), name, declared, &errors);
    EXPECT_THAT(errors, IsEmpty());
    return LinkType().make(name, attributes);
  }

  static std::vector<std::string> ErrorsOf(const Value::Map& declared) {
    std::vector<std::string> errors;
    resource::Normalize(LinkSchema(), "/etc/x", declared, &errors);
    return errors;
  }

  absl::Status Converge(const resource::Resource& link) {
    ASSIGN_OR_RETURN(const std::vector<Difference> drift, link.Inspect(host_, kNever));
    return drift.empty() ? absl::OkStatus() : link.Apply(drift, host_, kNever);
  }

  FakeHost host_;
};

TEST_F(LinkTest, MakesALinkThatMayLeadNowhere) {
  const auto link = Link("/etc/x", {{"target", "../nowhere"}});
  ASSERT_OK(Converge(*link));
  EXPECT_THAT(host_.files().ReadLink("/etc/x"), IsOkAndHolds("../nowhere"));
  EXPECT_THAT(link->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(LinkTest, SaysWhereItLedBefore) {
  host_.disk().PutLink("/etc/x", "/old");
  EXPECT_THAT(Link("/etc/x", {{"target", "/new"}})->Inspect(host_, kNever),
              IsOkAndHolds(ElementsAre(Difference{"target", "/old", "/new"})));
}

TEST_F(LinkTest, RefusesAFileOrDirectoryInItsPlaceWithoutForce) {
  host_.disk().PutFile("/etc/x", "precious");
  EXPECT_THAT(Converge(*Link("/etc/x", {{"target", "/new"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("force")));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "precious");
  ASSERT_OK(Converge(*Link("/etc/x", {{"target", "/new"}, {"force", true}})));
  EXPECT_THAT(host_.files().ReadLink("/etc/x"), IsOkAndHolds("/new"));
}

TEST_F(LinkTest, RemovesNothingForAHardLinkWhoseTargetIsMissing) {
  host_.disk().PutFile("/etc/x", "precious");
  const auto link = Link("/etc/x", {{"target", "/none"}, {"hard", true}, {"force", true}});
  EXPECT_THAT(Converge(*link), StatusIs(StatusCode::kNotFound, HasSubstr("/none")));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "precious");
}

TEST_F(LinkTest, ReplacesAnotherFileByAHardLinkOnlyWithForce) {
  host_.disk().PutFile("/etc/x", "other");
  host_.disk().PutFile("/etc/y", "wanted");
  EXPECT_THAT(Converge(*Link("/etc/x", {{"target", "/etc/y"}, {"hard", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("force")));
  ASSERT_OK(Converge(*Link("/etc/x", {{"target", "/etc/y"}, {"hard", true}, {"force", true}})));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "wanted");
}

TEST_F(LinkTest, AbsentRemovesLinksAlone) {
  host_.disk().PutFile("/etc/x", "precious");
  EXPECT_THAT(Converge(*Link("/etc/x", {{"absent", true}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("not removed")));
  EXPECT_TRUE(host_.disk().Exists("/etc/x"));
}

TEST_F(LinkTest, DescribesWhereALinkLeads) {
  host_.disk().PutLink("/etc/x", "y");
  const auto link = Link("/etc/x", {{"target", "z"}});
  const auto* const describable = dynamic_cast<const resource::Describable*>(link.get());
  ASSERT_NE(describable, nullptr);
  EXPECT_EQ(describable->Describe(host_, kNever)->String("target", ""), "y");
}

TEST_F(LinkTest, RefusesTargetsThatCannotBe) {
  EXPECT_THAT(ErrorsOf({}), ElementsAre(HasSubstr("target")));
  EXPECT_THAT(ErrorsOf({{"target", ""}}), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(ErrorsOf({{"target", "/etc/x"}}), ElementsAre(HasSubstr("itself")));
  EXPECT_THAT(ErrorsOf({{"target", "y"}, {"hard", true}}), ElementsAre(HasSubstr("absolute")));
  EXPECT_THAT(ErrorsOf({{"absent", true}}), IsEmpty());
}

}  // namespace
}  // namespace fettle::modules
