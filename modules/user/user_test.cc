// SPDX-License-Identifier: Apache-2.0
#include "modules/user/user.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/user/expiry.h"
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
using ::testing::Not;
using testing::StatusIs;

constexpr const char* kHash = "$y$j9T$salt$hashhashhash";
constexpr const char* kOtherHash = "$y$j9T$salt$otherotherother";

class UserTest : public ::testing::Test {
 protected:
  UserTest() {
    host_.passwd().Put(sys::Group{"adm", 4, {}});
    host_.passwd().Put(sys::Group{"www", 33, {}});
  }

  std::unique_ptr<resource::Resource> User(const Value::Map& declared,
                                           const std::string& name = "ann") {
    return Declare(UserType(), name, declared);
  }

  // Ann as she is there already.
  sys::User& PutAnn() {
    host_.passwd().Put(sys::Group{"ann", 1005, {}});
    sys::User ann;
    ann.name = "ann";
    ann.uid = 1005;
    ann.gid = 1005;
    ann.home = "/home/ann";
    ann.shell = "/bin/sh";
    ann.password_hash = kHash;
    host_.passwd().Put(ann);
    return host_.passwd().EditUser("ann");
  }

  sys::User Ann() { return host_.passwd().FindUser("ann").value(); }

  std::vector<std::string> GroupsOfAnn() { return host_.passwd().GroupsOf("ann").value(); }

  testing::FakeHost host_;
};

TEST_F(UserTest, MakesANewUserAsDeclared) {
  EXPECT_OK(BringAbout(*User({{"uid", 2001},
                              {"group", "www"},
                              {"groups", Value::List{"adm"}},
                              {"comment", "Ann Other"},
                              {"home", "/srv/ann"},
                              {"shell", "/bin/bash"},
                              {"password_hash", Value::Secret(kHash)},
                              {"locked", true},
                              {"expires", "2027-01-31"}}),
                       host_));
  EXPECT_EQ(Ann().uid, 2001U);
  EXPECT_EQ(Ann().gid, 33U);
  EXPECT_EQ(Ann().password_hash, kHash);
  EXPECT_TRUE(Ann().locked);
  EXPECT_THAT(GroupsOfAnn(), ElementsAre("adm"));
  EXPECT_TRUE(host_.disk().Exists("/srv/ann"));
}

TEST_F(UserTest, GivesSystemUsersNoHomeUnlessTold) {
  EXPECT_OK(BringAbout(*User({{"system", true}}), host_));
  EXPECT_FALSE(host_.disk().Exists("/home/ann"));
  EXPECT_OK(BringAbout(*User({{"system", true}, {"create_home", true}}, "bob"), host_));
  EXPECT_TRUE(host_.disk().Exists("/home/bob"));
}

TEST_F(UserTest, JoinsAGroupOfItsOwnNameThatIsThere) {
  host_.passwd().Put(sys::Group{"ann", 700, {}});
  EXPECT_OK(BringAbout(*User({}), host_));
  EXPECT_EQ(Ann().gid, 700U);
}

TEST_F(UserTest, ChangesOnlyWhatIsDeclared) {
  PutAnn().comment = "as it was";
  const auto ann = User({{"shell", "/bin/bash"}});
  EXPECT_THAT(Differences(*ann, host_), ElementsAre("shell: /bin/sh -> /bin/bash"));
  EXPECT_OK(BringAbout(*ann, host_));
  EXPECT_EQ(Ann().comment, "as it was");
  EXPECT_EQ(Ann().shell, "/bin/bash");
}

TEST_F(UserTest, TakesThePrimaryGroupByNameOrNumber) {
  PutAnn();
  EXPECT_THAT(Differences(*User({{"group", "ann"}}), host_), IsEmpty());
  EXPECT_THAT(Differences(*User({{"group", 1005}}), host_), IsEmpty());
  EXPECT_THAT(Differences(*User({{"group", "www"}}), host_), ElementsAre("group: ann -> www"));
  EXPECT_OK(BringAbout(*User({{"group", 33}}), host_));
  EXPECT_EQ(Ann().gid, 33U);
}

TEST_F(UserTest, AddsGroupsOrMakesThemExact) {
  PutAnn();
  host_.passwd().EditGroup("www").members = {"ann"};
  const auto add = User({{"groups", Value::List{"adm", "ann"}}});
  EXPECT_THAT(Differences(*add, host_), ElementsAre("groups: [www] -> [adm, www]"))
      << "the primary group may be listed and makes no difference";
  EXPECT_OK(BringAbout(*add, host_));
  EXPECT_THAT(GroupsOfAnn(), ElementsAre("adm", "www"));
  EXPECT_OK(BringAbout(*User({{"groups", Value::List{"adm"}}, {"exact_groups", true}}), host_));
  EXPECT_THAT(GroupsOfAnn(), ElementsAre("adm"));
  EXPECT_OK(BringAbout(*User({{"groups", Value::List{}}, {"exact_groups", true}}), host_));
  EXPECT_THAT(GroupsOfAnn(), IsEmpty());
}

TEST_F(UserTest, NamesAGroupThatIsMissing) {
  EXPECT_THAT(BringAbout(*User({{"groups", Value::List{"nope"}}}), host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("declare group \"nope\"")));
  EXPECT_FALSE(host_.passwd().HasUser("ann"));
}

TEST_F(UserTest, NamesWhoHasTheNumber) {
  PutAnn();
  for (const char* const name : {"bob", "ann"}) {
    sys::User carl;
    carl.name = "carl";
    carl.uid = 2001;
    host_.passwd().Put(carl);
    EXPECT_THAT(BringAbout(*User({{"uid", 2001}, {"allow_renumber", true}}, name), host_),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("user carl")))
        << name;
  }
  EXPECT_FALSE(host_.passwd().HasUser("bob"));
}

TEST_F(UserTest, NeverRenumbersSilently) {
  PutAnn();
  EXPECT_THAT(BringAbout(*User({{"uid", 2001}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("1005"), HasSubstr("allow_renumber = true"))));
  EXPECT_EQ(Ann().uid, 1005U);
  host_.passwd().AddProcess(1005, "77 vim");
  EXPECT_THAT(BringAbout(*User({{"uid", 2001}, {"allow_renumber", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("77 vim")));
}

TEST_F(UserTest, RenumbersWhenAllowed) {
  PutAnn();
  EXPECT_OK(BringAbout(*User({{"uid", 2001}, {"allow_renumber", true}}), host_));
  EXPECT_EQ(Ann().uid, 2001U);
}

TEST_F(UserTest, ComparesThePasswordHashAndNeverShowsIt) {
  PutAnn();
  const auto ann = User({{"password_hash", Value::Secret(kOtherHash)}});
  EXPECT_THAT(Differences(*ann, host_), ElementsAre("password_hash: (secret) -> (secret)"));
  EXPECT_OK(BringAbout(*ann, host_));
  EXPECT_EQ(Ann().password_hash, kOtherHash);
}

TEST_F(UserTest, HidesAHashThatTheRecipeGaveAsPlainText) {
  PutAnn();
  EXPECT_THAT(Differences(*User({{"password_hash", kOtherHash}}), host_),
              ElementsAre("password_hash: (secret) -> (secret)"));
}

TEST_F(UserTest, LeavesThePasswordToTheUserAfterCreation) {
  PutAnn();
  const Value::Map declared = {{"password_hash", Value::Secret(kOtherHash)},
                               {"password_on_create", true}};
  EXPECT_THAT(Differences(*User(declared), host_), IsEmpty());
  EXPECT_OK(BringAbout(*User(declared, "bob"), host_));
  EXPECT_EQ(host_.passwd().FindUser("bob")->password_hash, kOtherHash);
}

TEST_F(UserTest, KeepsTheLockWhenThePasswordChanges) {
  PutAnn().locked = true;
  EXPECT_OK(BringAbout(*User({{"password_hash", Value::Secret(kOtherHash)}}), host_));
  EXPECT_TRUE(Ann().locked);
}

TEST_F(UserTest, UnlocksWithThePasswordWhatHadNone) {
  PutAnn().locked = true;
  host_.passwd().EditUser("ann").password_hash = "";
  EXPECT_THAT(BringAbout(*User({{"locked", false}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has no password")));
  EXPECT_OK(BringAbout(*User({{"password_hash", Value::Secret(kHash)}}), host_));
  EXPECT_FALSE(Ann().locked);
}

TEST_F(UserTest, LocksUnlocksAndExpires) {
  PutAnn();
  EXPECT_OK(BringAbout(*User({{"locked", true}, {"expires", "1970-01-02"}}), host_));
  EXPECT_TRUE(Ann().locked);
  EXPECT_EQ(Ann().expires_day, 1);
  EXPECT_OK(BringAbout(*User({{"locked", false}, {"expires", "never"}}), host_));
  EXPECT_FALSE(Ann().locked);
  EXPECT_EQ(Ann().expires_day, -1);
}

TEST_F(UserTest, MovesTheHomeOnlyWhenTold) {
  PutAnn();
  host_.disk().PutDirectory("/home/ann");
  EXPECT_OK(BringAbout(*User({{"home", "/srv/ann"}}), host_));
  EXPECT_TRUE(host_.disk().Exists("/home/ann"));
  host_.passwd().EditUser("ann").home = "/home/ann";
  EXPECT_OK(BringAbout(*User({{"home", "/srv/ann"}, {"move_home", true}}), host_));
  EXPECT_FALSE(host_.disk().Exists("/home/ann"));
}

TEST_F(UserTest, RemovesAUserWithHome) {
  PutAnn();
  host_.disk().PutDirectory("/home/ann");
  const auto gone = User({{"absent", true}, {"remove_home", true}});
  EXPECT_THAT(Differences(*gone, host_), ElementsAre("present: true -> false"));
  EXPECT_OK(BringAbout(*gone, host_));
  EXPECT_FALSE(host_.passwd().HasUser("ann"));
  EXPECT_FALSE(host_.disk().Exists("/home/ann"));
}

TEST_F(UserTest, WhatCannotBeDoneIsFoundOutBeforeAnythingIs) {
  EXPECT_THAT(BringAbout(*User({{"locked", false}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("password_hash")));
  EXPECT_FALSE(host_.passwd().HasUser("ann"));
  PutAnn();
  host_.disk().PutDirectory("/srv/there");
  EXPECT_THAT(BringAbout(*User({{"home", "/srv/there"}, {"move_home", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("move_home")));
  EXPECT_EQ(host_.calls().writes(), 0U);
}

TEST_F(UserTest, RefusesToRemoveAUserWhoseProcessesRun) {
  PutAnn();
  host_.passwd().AddProcess(1005, "77 vim");
  EXPECT_THAT(BringAbout(*User({{"absent", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("77 vim"), HasSubstr("force = true"))));
  EXPECT_EQ(host_.calls().writes(), 0U);
  ASSERT_OK(BringAbout(*User({{"absent", true}, {"force", true}}), host_));
  EXPECT_FALSE(host_.passwd().HasUser("ann"));
}

TEST_F(UserTest, NeverRemovesWhoHasTheNumberOfRoot) {
  PutAnn().uid = 0;
  EXPECT_THAT(BringAbout(*User({{"absent", true}, {"force", true}}), host_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("uid 0")));
  EXPECT_TRUE(host_.passwd().HasUser("ann"));
}

TEST_F(UserTest, DescribesWhatIsThereAsADeclarationAtRest) {
  PutAnn().comment = "Ann Other";
  host_.passwd().EditGroup("www").members = {"ann"};
  const auto ann = User({});
  const auto attributes =
      dynamic_cast<const resource::Describable&>(*ann).Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_EQ(attributes->String("group", ""), "ann");
  EXPECT_TRUE(attributes->Find("password_hash")->HasSecret());
  EXPECT_THAT(Differences(*UserType().make("ann", *attributes), host_), IsEmpty());
}

TEST(UserSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"1000", {}, "is no user name"},
           {"-ann", {}, "is no user name"},
           {"a:b", {}, "is no user name"},
           {"a b", {}, "is no user name"},
           {"", {}, "is no user name"},
           {"ann", {{"comment", "a:b"}}, "comment"},
           {"ann", {{"uid", -1}}, "uid"},
           {"ann", {{"uid", int64_t{4294967295}}}, "uid"},
           {"ann", {{"expires", "2027-02-30"}}, "expires"},
           {"ann", {{"expires", "tomorrow"}}, "expires"},
           {"ann", {{"password_on_create", true}}, "password_hash"},
           {"ann", {{"exact_groups", true}}, "groups"},
           {"root", {{"absent", true}}, "never removed"},
       }) {
    EXPECT_THAT(DeclarationErrors(UserSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.name;
  }
}

TEST(UserSchemaTest, RefusesAPlainPasswordWithoutRepeatingIt) {
  for (const char* const password : {"hunter2", "!$6$salt$hunter2", "$hunter2", "$6$a$hunter2:0"}) {
    EXPECT_THAT(
        DeclarationErrors(UserSchema(), "ann", {{"password_hash", Value::Secret(password)}}),
        ElementsAre(AllOf(HasSubstr("password_hash"), Not(HasSubstr("hunter2")))));
  }
}

TEST(UserSchemaTest, NeedsItsGroupsAndBringsItsHome) {
  const auto footprint = UserSchema().footprint(
      "ann",
      testing::DeclaredAttributes(
          UserSchema(), "ann", {{"groups", Value::List{"adm"}}, {"home", "/srv/ann"}}));
  EXPECT_THAT(footprint.needs, ElementsAre("group:ann", "group:adm"));
  EXPECT_THAT(footprint.provides,
              ElementsAre("user:ann", "path:/srv/ann", "primary:ann:ann", "member:adm:ann"));
}

TEST(ExpiryTest, ReadsDaysBothWays) {
  struct Case {
    const char* text;
    int64_t day;
  };

  for (const Case& one : std::vector<Case>{{"never", -1},
                                           {"1970-01-01", 0},
                                           {"1970-02-01", 31},
                                           {"2000-02-29", 11016},
                                           {"2027-01-31", 20849}}) {
    int64_t day = 0;
    EXPECT_TRUE(ParseExpiry(one.text, &day)) << one.text;
    EXPECT_EQ(day, one.day) << one.text;
    EXPECT_EQ(FormatExpiry(one.day), one.text);
  }
}

TEST(ExpiryTest, RefusesWhatIsNoDay) {
  for (const char* const text :
       {"", "2027", "2027-1-31", "2027-13-01", "1969-12-31", "2027-01-00", "2027-01-31 "}) {
    int64_t day = 0;
    EXPECT_FALSE(ParseExpiry(text, &day)) << text;
  }
}

}  // namespace
}  // namespace fettle::modules
