// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/cron/cron_job.h"
#include "modules/cron/crontab.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

struct FieldCase {
  const char* field;
  const char* text;
};

TEST(CronFieldTest, TakesWhatCronTakes) {
  for (const FieldCase& one : std::vector<FieldCase>{{"minute", "*"},
                                                     {"minute", "0"},
                                                     {"minute", "59"},
                                                     {"minute", "*/10"},
                                                     {"minute", "0-30/5,45"},
                                                     {"hour", "23"},
                                                     {"day", "1,15,31"},
                                                     {"month", "jan-MAR,12"},
                                                     {"weekday", "mon-fri"},
                                                     {"weekday", "7"},
                                                     {"weekday", "sun"}}) {
    EXPECT_OK(CheckCronField(one.field, one.text)) << one.field << " " << one.text;
  }
}

TEST(CronFieldTest, RefusesWhatCronWouldPassOver) {
  for (const FieldCase& one : std::vector<FieldCase>{{"minute", ""},
                                                     {"minute", "60"},
                                                     {"minute", "-1"},
                                                     {"minute", "5-1"},
                                                     {"minute", "1,"},
                                                     {"minute", "*/0"},
                                                     {"minute", "*/60"},
                                                     {"minute", "5/10"},
                                                     {"minute", "jan"},
                                                     {"hour", "24"},
                                                     {"day", "0"},
                                                     {"day", "32"},
                                                     {"month", "13"},
                                                     {"month", "mon"},
                                                     {"weekday", "8"},
                                                     {"weekday", "1 2"}}) {
    EXPECT_THAT(CheckCronField(one.field, one.text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(one.field)))
        << one.text;
  }
}

TEST(CronJobTest, EscapesPercentBothWays) {
  EXPECT_EQ(EscapePercent("date +%F \\%"), "date +\\%F \\\\%");
  for (const char* const text : {"", "plain", "%", "a%b%c", "back\\slash", "\\%"}) {
    EXPECT_EQ(UnescapePercent(EscapePercent(text)), text);
  }
}

TEST(CronJobTest, WritesAndReadsTheSameJob) {
  CronJob job;
  job.fields = {"30", "2", "*", "*", "mon-fri"};
  job.user = "root";
  job.command = "backup  --all # nightly";
  job.environment = {{"MAILTO", ""}, {"PATH", "/usr/bin:/bin"}, {"SAY", "he said \"hi\""}};
  EXPECT_EQ(FormatJobFile("backup", job),
            "# fettle: backup\n# Kept by Fettle; what is changed here is put back.\n"
            "MAILTO=\"\"\nPATH=\"/usr/bin:/bin\"\nSAY='he said \"hi\"'\n"
            "30 2 * * mon-fri root backup  --all # nightly\n");
  EXPECT_EQ(ParseJobFile(FormatJobFile("backup", job)), job);
  job.disabled = true;
  job.special = "@daily";
  job.fields = {"*", "*", "*", "*", "*"};
  EXPECT_EQ(FormatJobLine(job), "#disabled @daily root backup  --all # nightly");
  EXPECT_EQ(ParseJobFile(FormatJobFile("backup", job)), job);
}

TEST(CronJobTest, ReadsNoJobWhereThereIsNone) {
  for (const char* const text : {"",
                                 "# comment\n",
                                 "MAILTO=x\n",
                                 "61 * * * * root x\n",
                                 "* * * * *\n",
                                 "* * * * * root\n",
                                 "nonsense\n",
                                 "@daily root a\n@daily root b\n"}) {
    EXPECT_EQ(ParseJobFile(text), std::nullopt) << text;
  }
}

TEST(CronJobTest, NamesFilesAsRunPartsWants) {
  EXPECT_EQ(JobFilePath("db backup.v2"), "/etc/cron.d/fettle-db_backup_v2");
}

TEST(CrontabTest, AddsAnEntryAfterForeignLines) {
  EXPECT_EQ(WithEntry("", "a", "@daily x"), "# fettle: a\n@daily x\n");
  EXPECT_EQ(WithEntry("MAILTO=me\n\n* * * * * y\n", "a", "@daily x"),
            "MAILTO=me\n\n* * * * * y\n# fettle: a\n@daily x\n");
  EXPECT_EQ(WithEntry("* * * * * y", "a", "@daily x"), "* * * * * y\n# fettle: a\n@daily x\n")
      << "a last line without a line break is one that cron passes over";
}

TEST(CrontabTest, ReplacesAnEntryInItsPlace) {
  constexpr const char* kText = "  # odd \t\n# fettle: a\n@daily old\nlast\r\n";
  EXPECT_EQ(WithEntry(kText, "a", "@daily x"), "  # odd \t\n# fettle: a\n@daily x\nlast\r\n");
}

TEST(CrontabTest, KnowsEntriesByTheirWholeName) {
  constexpr const char* kText = "# fettle: ab\n@daily 1\n# fettle: a\n@daily 2\n";
  bool twice = false;
  EXPECT_EQ(FindEntry(kText, "a", &twice), "@daily 2");
  EXPECT_FALSE(twice);
  EXPECT_EQ(FindEntry(kText, "b", &twice), std::nullopt);
  EXPECT_EQ(WithoutEntry(kText, "a"), "# fettle: ab\n@daily 1\n");
}

TEST(CrontabTest, LeavesOneOfTwoEntriesOfTheSameName) {
  constexpr const char* kText = "# fettle: a\n@daily 1\nother\n# fettle: a\n@daily 2\n";
  bool twice = false;
  EXPECT_EQ(FindEntry(kText, "a", &twice), "@daily 1");
  EXPECT_TRUE(twice);
  EXPECT_EQ(WithEntry(kText, "a", "@daily x"), "# fettle: a\n@daily x\nother\n");
  EXPECT_EQ(WithoutEntry(kText, "a"), "other\n");
}

TEST(CrontabTest, TakesNothingForeignForTheLineOfAMarkerThatStandsAlone) {
  for (const char* const rest : {"", "\n* * * * * foreign\n", "# fettle: b\n@daily y\n"}) {
    const std::string text = std::string("# fettle: a\n") + rest;
    bool twice = false;
    EXPECT_EQ(FindEntry(text, "a", &twice), "");
    EXPECT_EQ(WithoutEntry(text, "a"), rest);
    EXPECT_EQ(WithEntry(text, "a", "@daily x"), std::string("# fettle: a\n@daily x\n") + rest);
  }
}

}  // namespace
}  // namespace fettle::modules
