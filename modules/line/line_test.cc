// SPDX-License-Identifier: Apache-2.0
#include "modules/line/line.h"

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
using testing::FakeAccess;
using testing::FakeHost;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::StatusIs;

const Deadline kNever = Deadline::Never();

class LineTest : public ::testing::Test {
 protected:
  static std::unique_ptr<resource::Resource> Line(Value::Map declared) {
    declared["path"] = "/etc/x";
    std::vector<std::string> errors;
    const resource::Attributes attributes =
        resource::Normalize(LineSchema(), "mine", declared, &errors);
    EXPECT_THAT(errors, IsEmpty());
    return LineType().make("mine", attributes);
  }

  static std::vector<std::string> ErrorsOf(const Value::Map& declared) {
    std::vector<std::string> errors;
    resource::Normalize(LineSchema(), "mine", declared, &errors);
    return errors;
  }

  absl::Status Converge(const resource::Resource& line) {
    ASSIGN_OR_RETURN(const std::vector<Difference> drift, line.Inspect(host_, kNever));
    return drift.empty() ? absl::OkStatus() : line.Apply(drift, host_, kNever);
  }

  FakeHost host_;
};

TEST_F(LineTest, SaysWhatStoodInItsPlace) {
  host_.disk().PutFile("/etc/x", "a 1\na 2\n");
  const auto line = Line({{"line", "a 3"}, {"match", "^a "}});
  EXPECT_THAT(line->Inspect(host_, kNever),
              IsOkAndHolds(ElementsAre(Difference{"line", Value::List{"a 1", "a 2"}, "a 3"})));
  ASSERT_OK(Converge(*line));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "a 3\n");
}

TEST_F(LineTest, KeepsOwnerAndModeOfTheFile) {
  host_.disk().PutFile("/etc/x", "a\n", FakeAccess{0604, 3, 4});
  ASSERT_OK(Converge(*Line({{"line", "b"}, {"mode", "0600"}})));
  EXPECT_EQ(host_.disk().Access("/etc/x")->mode, 0604U);
  EXPECT_EQ(host_.disk().Access("/etc/x")->uid, 3U);
}

TEST_F(LineTest, MakesAMissingFileOnlyWhenTold) {
  EXPECT_THAT(Converge(*Line({{"line", "b"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("create = true")));
  ASSERT_OK(Converge(*Line({{"line", "b"}, {"create", true}, {"mode", "0600"}})));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "b\n");
  EXPECT_EQ(host_.disk().Access("/etc/x")->mode, 0600U);
}

TEST_F(LineTest, IsAtRestWhenWhatIsToGoHasNoFile) {
  EXPECT_THAT(Line({{"line", "b"}, {"absent", true}})->Inspect(host_, kNever),
              IsOkAndHolds(IsEmpty()));
}

TEST_F(LineTest, SeveralLinesShareAFileWithoutFighting) {
  host_.disk().PutFile("/etc/x", "");
  const auto first = Line({{"line", "one"}});
  const auto second = Line({{"line", "two"}, {"insert_before", "BOF"}});
  ASSERT_OK(Converge(*first));
  ASSERT_OK(Converge(*second));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "two\none\n");
  EXPECT_THAT(first->Inspect(host_, kNever), IsOkAndHolds(IsEmpty()));
}

TEST_F(LineTest, UsesTheMarkersItWasGiven) {
  host_.disk().PutFile("/etc/x", "<a/>\n");
  ASSERT_OK(Converge(*Line({{"block", "<b/>"}, {"marker", "<!-- {mark} {name} -->"}})));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "<a/>\n<!-- BEGIN mine -->\n<b/>\n<!-- END mine -->\n");
}

TEST_F(LineTest, LeavesTheFileWhenTheValidatorRefuses) {
  host_.disk().PutFile("/etc/x", "a\n");
  host_.programs().OnProgram("check", 1);
  EXPECT_THAT(Converge(*Line({{"line", "b"}, {"validate", "check %s"}})),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("exited 1")));
  EXPECT_EQ(host_.disk().Content("/etc/x"), "a\n");
}

TEST_F(LineTest, CannotLookIntoALinkOrAHalfBlock) {
  host_.disk().PutLink("/etc/x", "/y");
  EXPECT_THAT(Line({{"line", "b"}})->Inspect(host_, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("link")));
  host_.disk().PutFile("/etc/x", "# BEGIN mine\n");
  EXPECT_THAT(Line({{"block", "b"}})->Inspect(host_, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("/etc/x")));
}

TEST_F(LineTest, RefusesDeclarationsThatSayTooLittleOrTooMuch) {
  EXPECT_THAT(ErrorsOf({{"line", "a"}}), ElementsAre(HasSubstr("path")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}}), ElementsAre(HasSubstr("`line` or `block`")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}, {"line", "a\nb"}}), ElementsAre(HasSubstr("block")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}, {"line", "a"}, {"block", "b"}}),
              ElementsAre(HasSubstr("block")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}, {"line", "a"}, {"match", "("}}),
              ElementsAre(HasSubstr("regular expression")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}, {"block", "a"}, {"marker", "#"}}),
              ElementsAre(HasSubstr("{mark}")));
  EXPECT_THAT(ErrorsOf({{"path", "/x"}, {"absent", true}, {"match", "a"}}), IsEmpty());
}

TEST_F(LineTest, OwnsItsLineAndNotTheFile) {
  resource::Attributes attributes;
  attributes.Set("path", "/etc/x");
  const resource::Footprint footprint = LineSchema().footprint("mine", attributes);
  EXPECT_THAT(footprint.owns, ElementsAre("line:/etc/x:mine"));
  EXPECT_THAT(footprint.needs, ElementsAre("content:/etc/x", "path:/etc/x", "path:/etc"));
}

}  // namespace
}  // namespace fettle::modules
