// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/value.h"

#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

TEST(ValueTest, KnowsItsKind) {
  EXPECT_TRUE(Value().absent());
  EXPECT_EQ(Value(true).kind(), Value::Kind::kBool);
  EXPECT_EQ(Value(7).AsInteger(), 7);
  EXPECT_EQ(Value("x").kind(), Value::Kind::kString);
  EXPECT_EQ(Value(Value::List{1, "a"}).AsList().size(), 2U);
  EXPECT_EQ(Value(Value::Map{{"k", 1}}).AsMap().at("k"), Value(1));
}

TEST(ValueTest, KindsAreNeverEqualToEachOther) {
  EXPECT_NE(Value(0), Value(false));
  EXPECT_NE(Value("1"), Value(1));
  EXPECT_NE(Value("x"), Value::Secret("x"));
  EXPECT_NE(Value(), Value(""));
}

TEST(ValueTest, SecretsAreNeverShownHoweverDeep) {
  const Value value(Value::Map{{"a", Value::List{"plain", Value::Secret("hunter2")}}});
  EXPECT_TRUE(value.HasSecret());
  EXPECT_FALSE(Value(Value::List{"plain"}).HasSecret());
  EXPECT_EQ(value.Display(), "{a = [plain, (secret)]}");
  EXPECT_EQ(value.ToLua(), "{a = {\"plain\", nil --[[secret]]}}");
  EXPECT_EQ(Value::Secret("hunter2").AsString(), "hunter2");
}

TEST(ValueTest, DisplaysForPeople) {
  EXPECT_EQ(Value().Display(), "(absent)");
  EXPECT_EQ(Value(true).Display(), "true");
  EXPECT_EQ(Value(-3).Display(), "-3");
  EXPECT_EQ(Value(Value::List{}).Display(), "[]");
}

TEST(ValueTest, LuaTextIsQuoted) {
  EXPECT_EQ(Value("a\"b\\c\nd\x01").ToLua(), R"("a\"b\\c\nd\x01")");
  EXPECT_EQ(Value(Value::Map{{"end", 1}, {"ok_1", true}, {"a b", "c"}}).ToLua(),
            R"({["a b"] = "c", ["end"] = 1, ok_1 = true})");
}

TEST(ValueDeathTest, UseAsAnotherKindAborts) {
  EXPECT_DEATH((void)Value(1).AsString(), "a whole number was used as text");
}

}  // namespace
}  // namespace fettle::resource
