// SPDX-License-Identifier: Apache-2.0
#include "modules/group/group.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class GroupTest : public ::testing::Test {
 protected:
  GroupTest() {
    for (const char* const name : {"ann", "bob", "carl"}) {
      sys::User user;
      user.name = name;
      user.uid = ++last_uid_;
      user.gid = 9999;
      host_.passwd().Put(user);
    }
  }

  std::unique_ptr<resource::Resource> Group(const Value::Map& declared) {
    return Declare(GroupType(), "staff", declared);
  }

  sys::Group Staff() { return host_.passwd().FindGroup("staff").value(); }

  uint32_t last_uid_ = 1000;
  testing::FakeHost host_;
};

TEST_F(GroupTest, MakesANewGroup) {
  const auto staff = Group({{"gid", 2001}, {"members", Value::List{"bob", "ann"}}});
  EXPECT_THAT(Differences(*staff, host_), ElementsAre("present: false -> true"));
  EXPECT_OK(BringAbout(*staff, host_));
  EXPECT_EQ(Staff().gid, 2001U);
  EXPECT_THAT(Staff().members, ElementsAre("ann", "bob"));
}

TEST_F(GroupTest, TakesANumberOfTheSystemRangeForASystemGroup) {
  EXPECT_OK(BringAbout(*Group({{"system", true}}), host_));
  EXPECT_LT(Staff().gid, 1000U);
}

TEST_F(GroupTest, AddsMembersOrMakesThemExact) {
  host_.passwd().Put(sys::Group{"staff", 2001, {"carl"}});
  const auto add = Group({{"members", Value::List{"ann"}}});
  EXPECT_THAT(Differences(*add, host_), ElementsAre("members: [carl] -> [ann, carl]"));
  EXPECT_OK(BringAbout(*add, host_));
  EXPECT_OK(BringAbout(*Group({{"members", Value::List{"bob"}}, {"exact_members", true}}), host_));
  EXPECT_THAT(Staff().members, ElementsAre("bob"));
  EXPECT_OK(BringAbout(*Group({{"members", Value::List{}}, {"exact_members", true}}), host_));
  EXPECT_THAT(Staff().members, IsEmpty());
}

TEST_F(GroupTest, LeavesMembersAloneWhenNotSaid) {
  host_.passwd().Put(sys::Group{"staff", 2001, {"carl"}});
  EXPECT_THAT(Differences(*Group({}), host_), IsEmpty());
}

TEST_F(GroupTest, NamesWhoHasTheNumber) {
  host_.passwd().Put(sys::Group{"other", 2001, {}});
  EXPECT_THAT(BringAbout(*Group({{"gid", 2001}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("group other")));
  EXPECT_FALSE(host_.passwd().HasGroup("staff"));
}

TEST_F(GroupTest, RenumbersOnlyWhenAllowed) {
  host_.passwd().Put(sys::Group{"staff", 2001, {}});
  EXPECT_THAT(BringAbout(*Group({{"gid", 2002}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("2001"), HasSubstr("allow_renumber = true"))));
  EXPECT_EQ(Staff().gid, 2001U);
  EXPECT_OK(BringAbout(*Group({{"gid", 2002}, {"allow_renumber", true}}), host_));
  EXPECT_EQ(Staff().gid, 2002U);
}

TEST_F(GroupTest, RefusesToRemoveSomebodysPrimaryGroup) {
  host_.passwd().Put(sys::Group{"staff", 2001, {}});
  host_.disk().PutFile("/etc/passwd",
                       "root:x:0:0:root:/root:/bin/bash\nann:x:1001:2001::/home/ann:/bin/sh\n"
                       "broken line\nbob:x:1002:2001::/home/bob:/bin/sh\n");
  EXPECT_THAT(BringAbout(*Group({{"absent", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ann, bob")));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(GroupTest, RemovesAGroup) {
  host_.passwd().Put(sys::Group{"staff", 2001, {"ann"}});
  EXPECT_OK(BringAbout(*Group({{"absent", true}}), host_));
  EXPECT_FALSE(host_.passwd().HasGroup("staff"));
}

TEST_F(GroupTest, DescribesWhatIsThereAsADeclarationAtRest) {
  host_.passwd().Put(sys::Group{"staff", 2001, {"ann"}});
  const auto staff = Group({});
  const auto attributes =
      dynamic_cast<const resource::Describable&>(*staff).Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_EQ(attributes->Integer("gid", 0), 2001);
  EXPECT_THAT(Differences(*GroupType().make("staff", *attributes), host_), IsEmpty());
}

TEST(GroupSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"", {}, "is no group name"},
           {"42", {}, "is no group name"},
           {"a,b", {}, "is no group name"},
           {"staff", {{"gid", -1}}, "gid"},
           {"staff", {{"members", Value::List{"a,b"}}}, "is no user name"},
           {"staff", {{"exact_members", true}}, "members"},
           {"root", {{"absent", true}}, "never removed"},
       }) {
    EXPECT_THAT(DeclarationErrors(GroupSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.name;
  }
}

TEST(GroupSchemaTest, NeedsItsMembersButNotTheUserWhoseOwnGroupItIs) {
  const auto footprint = GroupSchema().footprint(
      "ann",
      testing::DeclaredAttributes(GroupSchema(), "ann", {{"members", Value::List{"ann", "bob"}}}));
  EXPECT_THAT(footprint.needs, ElementsAre("user:bob"));
}

}  // namespace
}  // namespace fettle::modules
