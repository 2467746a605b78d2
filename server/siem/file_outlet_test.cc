// SPDX-License-Identifier: Apache-2.0
#include "server/siem/file_outlet.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle::server::siem {
namespace {

using ::testing::HasSubstr;

Event Named(const std::string& name) {
  Event event;
  event.id = name;
  event.kind = "drift";
  event.resource = "file:/tmp/<script>\n" + name;
  return event;
}

TEST(FileOutletTest, AnEventIsALine) {
  const testing::TempFolder folder;
  SiemOutlet config;
  config.file = folder.path() + "/events.jsonl";
  FileOutlet outlet(config, "fettle.example");
  ASSERT_OK(outlet.Send({Named("a"), Named("b")}));
  ASSERT_OK(outlet.Send({Named("c")}));
  std::ifstream in(config.file);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto lines = SplitLines(text);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(nlohmann::json::parse(lines[2])["resource"], "file:/tmp/<script>\nc");
}

TEST(FileOutletTest, SaysWhatToDoAboutAFolderThatIsNotThere) {
  SiemOutlet config;
  config.file = "/nonexistent/events.jsonl";
  const absl::Status sent = FileOutlet(config, "s").Send({Named("a")});
  EXPECT_FALSE(sent.ok());
  EXPECT_THAT(std::string(sent.message()), HasSubstr("/nonexistent/events.jsonl"));
  EXPECT_THAT(std::string(sent.message()), HasSubstr("make its folder"));
}

}  // namespace
}  // namespace fettle::server::siem
