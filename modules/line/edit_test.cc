// SPDX-License-Identifier: Apache-2.0
#include "modules/line/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

struct LineRow {
  const char* what;
  const char* match;  // "" for none.
  Position::Where where;
  const char* at;  // Pattern of the position; "" for none.
  bool absent;
  const char* before;
  const char* after;
};

class LineEditTest : public ::testing::TestWithParam<LineRow> {};

TEST_P(LineEditTest, TurnsOneTextIntoTheOtherAndThenRests) {
  const LineRow& row = GetParam();
  std::optional<Pattern> match;
  std::optional<Pattern> at;
  LineEdit edit;
  edit.line = "key new";
  edit.absent = row.absent;
  edit.position.where = row.where;
  if (*row.match != '\0') {
    match = Pattern::Compile(row.match).value();
    edit.match = &*match;
  }
  if (*row.at != '\0') {
    at = Pattern::Compile(row.at).value();
    edit.position.pattern = &*at;
  }
  EXPECT_EQ(ApplyLine(row.before, edit).text, row.after) << row.what;
  EXPECT_EQ(ApplyLine(row.after, edit).text, row.after) << row.what << ", again";
}

using Where = Position::Where;

INSTANTIATE_TEST_SUITE_P(
    Rows,
    LineEditTest,
    ::testing::Values(
        LineRow{"appends", "", Where::kEnd, "", false, "a\nb\n", "a\nb\nkey new\n"},
        LineRow{"into an empty file", "", Where::kEnd, "", false, "", "key new\n"},
        LineRow{
            "ends a last line without newline", "", Where::kEnd, "", false, "a", "a\nkey new\n"},
        LineRow{"at the beginning", "", Where::kBegin, "", false, "a\n", "key new\na\n"},
        LineRow{"after the last match",
                "",
                Where::kAfter,
                "^a",
                false,
                "a1\na2\nb",
                "a1\na2\nkey new\nb"},
        LineRow{"before the first match",
                "",
                Where::kBefore,
                "^b",
                false,
                "a\nb1\nb2\n",
                "a\nkey new\nb1\nb2\n"},
        LineRow{"at the end when nothing matches",
                "",
                Where::kAfter,
                "^z",
                false,
                "a\n",
                "a\nkey new\n"},
        LineRow{"replaces a match where it is",
                "^key ",
                Where::kEnd,
                "",
                false,
                "key old\nb\n",
                "key new\nb\n"},
        LineRow{"keeps what is right and drops other matches",
                "^#?key ",
                Where::kEnd,
                "",
                false,
                "#key x\nb\nkey new\nkey y\n",
                "b\nkey new\n"},
        LineRow{"drops repetitions",
                "",
                Where::kEnd,
                "",
                false,
                "key new\na\nkey new\n",
                "key new\na\n"},
        LineRow{"does not take part of a line for it",
                "",
                Where::kEnd,
                "",
                false,
                "key newer\n",
                "key newer\nkey new\n"},
        LineRow{"keeps CRLF", "", Where::kEnd, "", false, "a\r\nb\r\n", "a\r\nb\r\nkey new\r\n"},
        LineRow{"replaces within CRLF",
                "^key",
                Where::kEnd,
                "",
                false,
                "a\r\nkey old\r\n",
                "a\r\nkey new\r\n"},
        LineRow{"keeps a missing final newline",
                "^key",
                Where::kEnd,
                "",
                false,
                "a\nkey old",
                "a\nkey new"},
        LineRow{"removes the line", "", Where::kEnd, "", true, "a\nkey new\nb\nkey new", "a\nb\n"},
        LineRow{"removes matches", "^key", Where::kEnd, "", true, "a\nkey 1\nkey 2\nb", "a\nb"},
        LineRow{"leaves odd bytes alone",
                "",
                Where::kEnd,
                "",
                false,
                "\xef\xbb\xbf\xff\t \r\r\n\n\n",
                "\xef\xbb\xbf\xff\t \r\r\n\n\nkey new\r\n"}));

TEST(LineFoundTest, SaysWhichLinesWereThereForIt) {
  const Pattern match = Pattern::Compile("^a").value();
  LineEdit edit;
  edit.line = "x";
  edit.match = &match;
  EXPECT_THAT(ApplyLine("a1\nb\na2\n", edit).found, ElementsAre("a1", "a2"));
}

class BlockEditTest : public ::testing::Test {
 protected:
  static BlockEdit Edit(const std::string& body) {
    BlockEdit edit;
    edit.begin = "# BEGIN x";
    edit.end = "# END x";
    edit.body = body;
    return edit;
  }
};

TEST_F(BlockEditTest, AppendsReplacesAndRemovesItsBlock) {
  const std::string first = ApplyBlock("a\n", Edit("1\n2\n"))->text;
  EXPECT_EQ(first, "a\n# BEGIN x\n1\n2\n# END x\n");
  const std::string second = ApplyBlock(first + "z\n", Edit("3"))->text;
  EXPECT_EQ(second, "a\n# BEGIN x\n3\n# END x\nz\n");
  EXPECT_EQ(ApplyBlock(second, Edit("3"))->text, second);
  BlockEdit gone = Edit("");
  gone.absent = true;
  EXPECT_EQ(ApplyBlock(second, gone)->text, "a\nz\n");
}

TEST_F(BlockEditTest, KeepsOneOfSeveralBlocks) {
  const std::string twice = "# BEGIN x\n1\n# END x\nm\n# BEGIN x\n2\n# END x\n";
  EXPECT_EQ(ApplyBlock(twice, Edit("1"))->text, "# BEGIN x\n1\n# END x\nm\n");
  EXPECT_THAT(ApplyBlock(twice, Edit("1"))->found, ElementsAre("1\n", "2\n"));
}

TEST_F(BlockEditTest, KeepsLineEndingsAndAMissingFinalNewline) {
  EXPECT_EQ(ApplyBlock("a\r\n", Edit("1\n2\n"))->text, "a\r\n# BEGIN x\r\n1\r\n2\r\n# END x\r\n");
  EXPECT_EQ(ApplyBlock("# BEGIN x\n1\n# END x", Edit("2"))->text, "# BEGIN x\n2\n# END x");
  EXPECT_EQ(ApplyBlock("a", Edit("1"))->text, "a\n# BEGIN x\n1\n# END x\n");
}

TEST_F(BlockEditTest, RefusesMarkersThatDoNotPair) {
  for (const char* const text :
       {"# BEGIN x\n1\n", "1\n# END x\n", "# BEGIN x\n# BEGIN x\n# END x\n"}) {
    EXPECT_THAT(ApplyBlock(text, Edit("1")),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr("by hand")));
  }
}

TEST(PatternTest, SearchesWithinOneLine) {
  const Pattern pattern = Pattern::Compile("^Port[[:space:]]+[0-9]{1,5}$").value();
  EXPECT_TRUE(pattern.Matches("Port 22"));
  EXPECT_FALSE(pattern.Matches("#Port 22"));
  EXPECT_FALSE(pattern.Matches("Port 123456"));
  EXPECT_TRUE(Pattern::Compile("^$")->Matches(""));
  EXPECT_FALSE(Pattern::Compile("b$")->Matches(std::string_view("abc").substr(0, 1)));
}

TEST(PatternTest, RefusesWhatIsWrongOrTooCostly) {
  for (const char* const text : {"", "(", "a{2,1}", "(a)\\1", "a{101}", "(a{1,999}){1,999}"}) {
    EXPECT_THAT(Pattern::Compile(text), StatusIs(StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(Pattern::Compile(std::string(501, 'a')), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fettle::modules
