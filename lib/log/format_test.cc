// SPDX-License-Identifier: Apache-2.0
#include "lib/log/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>

#include "lib/log/request.h"

namespace fettle::log {
namespace {

std::string Write(spdlog::formatter& formatter, const std::string& text) {
  const std::chrono::system_clock::time_point then{std::chrono::milliseconds(1'700'000'000'125)};
  const spdlog::details::log_msg message(then, {}, "", spdlog::level::warn, text);
  spdlog::memory_buf_t line;
  formatter.format(message, line);
  return {line.data(), line.size()};
}

TEST(LogFormatTest, JsonSaysWhenHowGraveAndWhat) {
  const std::string line = Write(*JsonFormatter(), "no \"room\"\nleft \x1b[31m\xff");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto value = nlohmann::json::parse(line);
  EXPECT_EQ(value.size(), 3U);
  EXPECT_EQ(value["time"], "2023-11-14T22:13:20.125Z");
  EXPECT_EQ(value["level"], "warning");
  EXPECT_EQ(value["message"], "no \"room\"\nleft \x1b[31m\xef\xbf\xbd");
}

TEST(LogFormatTest, ALineSaysWhichRequestItBelongsTo) {
  const RequestScope scope("R1");
  EXPECT_EQ(nlohmann::json::parse(Write(*JsonFormatter()->clone(), "a"))["request"], "R1");
  EXPECT_EQ(Write(*TextFormatter("%l: %v")->clone(), "a"), "warning: a (request R1)\n");
}

TEST(LogFormatTest, TextOutsideOfRequestsIsAsItWas) {
  EXPECT_EQ(Write(*TextFormatter("%l: %v"), "a"), "warning: a\n");
}

}  // namespace
}  // namespace fettle::log
