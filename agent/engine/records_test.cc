// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/types_for_test.h"

namespace fettle::engine {
namespace {

using resource::Difference;
using resource::DifferenceRecord;
using resource::Value;
using ::testing::HasSubstr;
using ::testing::Not;

class RecordsTest : public ::testing::Test {
 protected:
  resource::Declaration& Declare(const Value::Map& declared) {
    return catalog_.Add("text:/a", declared);
  }

  const Item& Prepare() {
    prepared_ = Prepared::Make(catalog_.Get(), TypesForTest()).value();
    return prepared_->items()[0];
  }

  DifferenceRecord Record(const Difference& difference) {
    const std::vector<Difference> drift{difference};
    return MakeRecords(Prepare(), drift, nullptr).at(0);
  }

  CatalogForTest catalog_;
  std::unique_ptr<Prepared> prepared_;
};

TEST_F(RecordsTest, ShowsShortValuesAsTheyAre) {
  Declare({{"content", "x"}});
  const DifferenceRecord record = Record({"content", Value::Absent(), "x"});
  EXPECT_EQ(record.current, "(absent)");
  EXPECT_EQ(record.desired, "x");
  EXPECT_EQ(record.diff, "");
}

TEST_F(RecordsTest, ShowsLinesAsADiffAndLongAndBinaryTextByItsSize) {
  Declare({{"content", "x"}});
  EXPECT_THAT(Record({"content", "a\nb\n", "a\nc\n"}).diff, HasSubstr("-b\n+c\n"));
  EXPECT_EQ(Record({"content", std::string(2000, 'x'), "y"}).current, "(2000 bytes in 1 lines)");
  EXPECT_EQ(Record({"content", std::string("\0\1", 2), "y"}).current, "(binary, 2 bytes)");
}

TEST_F(RecordsTest, ReplacesSecretsOnBothSides) {
  const auto shows_nothing = [](const DifferenceRecord& record) {
    EXPECT_EQ(record.current, "(secret)");
    EXPECT_EQ(record.desired, "(secret)");
    EXPECT_EQ(record.diff, "");
  };
  Declare({{"content", Value::Secret("hunter2\n")}});
  shows_nothing(Record({"content", "old secret\n", Value::Secret("hunter2\n")}));
  shows_nothing(Record({"password", "old", "new"}));
  catalog_.At("text:/a").sensitive = true;
  shows_nothing(Record({"owner", "old", "new"}));
}

TEST_F(RecordsTest, NoMessageHasASecretInIt) {
  Declare({{"content", Value::Secret("hunter2")}, {"password", "hunter2-and-more"}});
  const std::string shown = WithoutSecrets(Prepare(), "login hunter2-and-more, hunter2: refused");
  EXPECT_EQ(shown, "login (secret), (secret): refused");
}

TEST_F(RecordsTest, OfASensitiveCommandNoMessageIsShownAtAll) {
  const absl::Status status = absl::InternalError("exited 1: hunter2");
  catalog_.Add("step:a");
  EXPECT_EQ(ErrorToShow(Prepare(), status), "exited 1: hunter2");
  catalog_.At("step:a").sensitive = true;
  EXPECT_THAT(ErrorToShow(Prepare(), status), HasSubstr("not shown"));
}

TEST_F(RecordsTest, RemembersNoSecretForPeople) {
  Declare({{"content", Value::Secret("hunter2")}, {"owner", "root"}});
  const std::vector<Difference> set{{"content", "x", Value::Secret("hunter2")},
                                    {"owner", "www", "root"}};
  const journal::Known known = MakeKnown(Prepare(), set, nullptr);
  EXPECT_EQ(known.Find("content")->shown, "");
  EXPECT_NE(known.Find("content")->set, 0U);
  EXPECT_EQ(known.Find("owner")->shown, "root");
}

TEST_F(RecordsTest, KeepsWhatWasSetBeforeWhileItIsDeclaredTheSame) {
  Declare({{"content", "x"}, {"owner", "root"}});
  const std::vector<Difference> set{{"content", "w", "x"}, {"owner", "www", "root"}};
  const journal::Known before = MakeKnown(Prepare(), set, nullptr);
  catalog_.At("text:/a").attributes.Set("owner", "daemon");
  const journal::Known after = MakeKnown(Prepare(), {}, &before);
  EXPECT_EQ(after.Find("content")->set, before.Find("content")->set);
  EXPECT_EQ(after.Find("owner")->set, 0U);
  EXPECT_NE(after.declaration, before.declaration);
}

}  // namespace
}  // namespace fettle::engine
