// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/redact.h"

#include <gmock/gmock.h>

namespace fettle::watch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedactTest, PlainCommandsStayAsTheyAre) {
  EXPECT_EQ(RedactedCommand({"vim", "/etc/motd"}), "vim /etc/motd");
  EXPECT_EQ(RedactedCommand({"sed", "-i", "s/a=b/c=d/", "/etc/x"}), "sed -i s/a=b/c=d/ /etc/x");
  EXPECT_EQ(RedactedCommand({}), "");
  EXPECT_EQ(RedactedCommand({"curl", "https://example.org/a:b"}), "curl https://example.org/a:b");
}

TEST(RedactTest, WhatLooksLikeASecretIsHidden) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"app", "--password", "geheim"},
                                             {"app", "--password=geheim"},
                                             {"app", "--db-password", "geheim"},
                                             {"env", "DB_PASSWORD=geheim", "app"},
                                             {"env", "API_TOKEN=geheim"},
                                             {"mysql", "-pgeheim"},
                                             {"/usr/bin/mysqldump", "-u", "root", "-pgeheim"},
                                             {"curl", "https://ann:geheim@example.org/"},
                                             {"curl", "-H", "Authorization:geheim"},
                                             {"bash", "-c", "export SECRET=geheim; app"},
                                             {"sh", "-c", "app --token geheim --more"},
                                             {"app", "--api-key=geheim"},
                                             {"app", "--Passwd", "geheim"}}) {
    const std::string shown = RedactedCommand(command);
    EXPECT_THAT(shown, Not(HasSubstr("geheim")));
    EXPECT_THAT(shown, HasSubstr("<hidden>"));
  }
}

TEST(RedactTest, ItIsOneShortLine) {
  const std::string shown = RedactedCommand({"sh", "-c", "a\nb\x1b[31m" + std::string(1000, 'x')});
  EXPECT_THAT(shown, Not(HasSubstr("\n")));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_LE(shown.size(), 410U);
}

}  // namespace
}  // namespace fettle::watch
