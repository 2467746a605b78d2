// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/place.h"

#include <fnmatch.h>

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

namespace fettle::sys {
namespace {

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// run-parts(8) without --regex, and by the same rule cron.d in Debian's cron.
bool RunPartsTakes(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

// sudoers(5), @includedir: "skipping file names that end in ‘~’ or contain a ‘.’".
bool SudoersTakes(std::string_view name) {
  return !EndsWith(name, "~") && name.find('.') == std::string_view::npos;
}

// logrotate(8)'s default taboo extensions and hidden files.
bool LogrotateTakes(std::string_view name) {
  return name[0] != '.' && !EndsWith(name, "~");
}

// systemd's conf_files_list(): suffix, and neither hidden nor a backup.
bool SystemdTakes(std::string_view name, std::string_view suffix) {
  return name[0] != '.' && !EndsWith(name, "~") && EndsWith(name, suffix);
}

TEST(TemporaryNameTest, IsTakenByNoReaderOfAConfigurationDirectory) {
  const std::string name = NewTemporaryName();
  EXPECT_FALSE(RunPartsTakes(name));
  EXPECT_FALSE(SudoersTakes(name));
  EXPECT_FALSE(LogrotateTakes(name));
  for (const char* suffix : {".conf", ".service", ".timer", ".network", ".rules", ".preset"}) {
    EXPECT_FALSE(SystemdTakes(name, suffix)) << suffix;
  }
  for (const char* pattern : {"*.conf",
                              "*.list",
                              "*.sources",
                              "*.sh",
                              "*.cfg",
                              "*.d",
                              "*.cnf",
                              "*.ini",
                              "*.repo",
                              "*.pem",
                              "*.crt",
                              "*.yaml",
                              "*.yml",
                              "*.json"}) {
    EXPECT_NE(fnmatch(pattern, name.c_str(), 0), 0) << pattern;
  }
  // A shell's or a daemon's "Include dir/*", which passes over hidden names.
  EXPECT_NE(fnmatch("*", name.c_str(), FNM_PERIOD), 0);
}

TEST(TemporaryNameTest, IsAnotherOneEachTimeAndKnownAgain) {
  const std::string name = NewTemporaryName();
  EXPECT_NE(name, NewTemporaryName());
  EXPECT_TRUE(IsTemporaryName(name));
}

TEST(TemporaryNameTest, IsNotMistakenForAUsersFile) {
  for (const char* name : {"",
                           ".fettle-",
                           ".fettle-.tmp~",
                           ".fettle-0123456789abcde.tmp~",
                           ".fettle-0123456789abcdeg.tmp~",
                           ".fettle-0123456789abcdef.tmp",
                           "fettle-0123456789abcdef.tmp~",
                           ".fettle-0123456789ABCDEF.tmp~"}) {
    EXPECT_FALSE(IsTemporaryName(name)) << name;
  }
}

TEST(PlaceTest, RefusesPathsThatNameNoFile) {
  for (const char* path : {"", "etc/x", "/", "/etc/", "/etc/.", "/etc/.."}) {
    EXPECT_EQ(OpenPlace(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
  EXPECT_EQ(OpenPlace(std::string("/etc/a\0b", 8)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PlaceTest, SaysThatTheDirectoryIsMissing) {
  EXPECT_EQ(OpenPlace("/no/such/place").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fettle::sys
