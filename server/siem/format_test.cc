// SPDX-License-Identifier: Apache-2.0
#include "server/siem/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"

namespace fettle::server::siem {
namespace {

using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kHostile[] =
    "a|b=c\\d\ne\rf\t<script>\"'\x1b[31m\x7f\xc2\x85\xe2\x80\xa8x CEF:0|Evil|x|1|1|x|10|msg=y";

Event Drift() {
  Event event;
  event.id = "E1-7-0";
  event.kind = "drift";
  event.severity = 6;
  event.time = absl::FromUnixMillis(1'700'000'000'125);
  event.received = absl::FromUnixMillis(1'700'000'001'000);
  event.host = "web1";
  event.summary = "drift: file:/etc/motd on web1: content";
  event.leaf = 42;
  event.resource = "file:/etc/motd";
  event.differences = {{"content", "<script>", "hello", "hello", "", resource::Cause::kDrift}};
  resource::Actor actor;
  actor.certainty = resource::Actor::Certainty::kCertain;
  actor.pid = 812;
  actor.command = "vim /etc/motd";
  actor.user = "root";
  actor.login = "ann";
  actor.ssh_source = "10.0.0.7";
  event.actor = actor;
  event.controls = {"CIS-1", "CIS-2"};
  event.position = "recipes/a/init.lua:3";
  event.revision = "r7";
  event.run = "RUN1";
  return event;
}

Event Hostile() {
  Event event = Drift();
  event.kind = "act";
  event.actor.reset();
  event.host = event.who = event.act = event.summary = event.detail = event.resource =
      event.position = kHostile;
  event.differences = {{kHostile, kHostile, kHostile, kHostile, "", resource::Cause::kDrift}};
  event.data = {{kHostile, kHostile}};
  event.controls = {kHostile};
  return event;
}

// The extension as a reader of CEF takes it apart: " key=" begins a field where "=" is not escaped.
std::map<std::string, std::string> Extension(const std::string& line) {
  std::size_t at = 0;
  for (int bars = 0; bars < 7; ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '|') {
      ++bars;
    }
  }
  std::map<std::string, std::string> fields;
  std::string key;
  std::string word;
  std::string value;
  for (; at <= line.size(); ++at) {
    const char c = at < line.size() ? line[at] : ' ';
    if (c == '\\' && at + 1 < line.size()) {
      const char next = line[++at];
      word += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
    } else if (c == '=') {
      if (!key.empty()) {
        fields[key] = value;
      }
      key = std::exchange(word, "");
      value.clear();
    } else if (c == ' ') {
      value += (value.empty() ? "" : " ") + std::exchange(word, "");
    } else {
      word += c;
    }
  }
  fields[key] = value;
  return fields;
}

TEST(JsonLineTest, HasEveryFieldByItsName) {
  const json value = json::parse(JsonLine(Drift(), "fettle.example"));
  const json expected = json::parse(R"({
    "version": 1, "id": "E1-7-0", "kind": "drift", "severity": 6, "outcome": "success",
    "time": "2023-11-14T22:13:20.125Z", "received": "2023-11-14T22:13:21.000Z",
    "server": "fettle.example", "host": "web1", "leaf": 42,
    "summary": "drift: file:/etc/motd on web1: content",
    "resource": "file:/etc/motd", "position": "recipes/a/init.lua:3", "revision": "r7",
    "run": "RUN1", "controls": ["CIS-1", "CIS-2"], "difference_count": 1,
    "differences": [{"attribute": "content", "current": "<script>", "desired": "hello",
                     "last_set": "hello"}],
    "actor": {"certainty": "certain", "pid": 812, "command": "vim /etc/motd", "user": "root",
              "login": "ann", "ssh_source": "10.0.0.7"}})");
  EXPECT_EQ(value, expected) << value.dump(2);
}

TEST(JsonLineTest, TheResultOfARunIsCounted) {
  Event event;
  event.kind = "run";
  event.failed = true;
  event.result = RunResult{"RUN1", "sweep", true, false, absl::Milliseconds(1500), {}};
  event.result->counts.failed = 2;
  const json value = json::parse(JsonLine(event, "s"));
  EXPECT_EQ(value["outcome"], "failure");
  EXPECT_EQ(value["result"]["failed"], 2);
  EXPECT_EQ(value["result"]["duration_ms"], 1500);
  EXPECT_EQ(value["result"]["reason"], "sweep");
}

TEST(JsonLineTest, WhatOthersSayIsOneLineOfAsciiAndComesBackWhole) {
  const std::string line = JsonLine(Hostile(), kHostile);
  EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < '\x7f'; }))
      << line;
  const json value = json::parse(line);
  EXPECT_EQ(value["detail"], kHostile);
  EXPECT_EQ(value["data"][kHostile], kHostile);
}

TEST(JsonLineTest, StaysWithinItsLengthAndIsStillJson) {
  Event event = Drift();
  event.detail = std::string(100'000, '\x01');  // Six characters each.
  for (int i = 0; i < 1000; ++i) {
    event.differences.push_back(
        {"a", std::string(5000, 'x'), "y", "", "", resource::Cause::kDrift});
    event.data["key" + std::to_string(i)] = std::string(1000, 'z');
    event.controls.push_back(std::string(1000, '"'));
  }
  const std::string line = JsonLine(event, "s");
  EXPECT_LE(line.size(), kMostLine);
  const json value = json::parse(line);
  EXPECT_EQ(value["difference_count"], 1001);
  EXPECT_EQ(value["resource"], "file:/etc/motd");
}

TEST(JsonLineTest, WhatIsNoUtf8IsWrittenAllTheSame) {
  Event event = Drift();
  event.resource = "file:/tmp/\xff\xfe";
  EXPECT_EQ(json::parse(JsonLine(event, "s"))["resource"], "file:/tmp/??");
}

TEST(CefLineTest, HasTheHeaderAndTheDictionarysKeys) {
  const std::string line = CefLine(Drift(), "fettle.example");
  EXPECT_THAT(line,
              MatchesRegex("CEF:0\\|Fettle\\|Fettle\\|[0-9.]+\\|drift\\|drift: file:/etc/motd on "
                           "web1: content\\|6\\|rt=1700000001000 start=.*"));
  const auto fields = Extension(line);
  const std::map<std::string, std::string> expected = {
      {"rt", "1700000001000"},
      {"start", "1700000000125"},
      {"externalId", "E1-7-0"},
      {"dvchost", "fettle.example"},
      {"cat", "drift"},
      {"outcome", "success"},
      {"dhost", "web1"},
      {"sproc", "vim /etc/motd"},
      {"spid", "812"},
      {"suser", "ann"},
      {"src", "10.0.0.7"},
      {"filePath", "/etc/motd"},
      {"cs1Label", "resource"},
      {"cs1", "file:/etc/motd"},
      {"cs2Label", "revision"},
      {"cs2", "r7"},
      {"cs3Label", "run"},
      {"cs3", "RUN1"},
      {"cs4Label", "differences"},
      {"cs4", "content: <script> -> hello"},
      {"cs5Label", "actor"},
      {"cs5", "vim /etc/motd (pid 812, root, login ann, ssh from 10.0.0.7)"},
      {"cs6Label", "controls"},
      {"cs6", "CIS-1, CIS-2"},
      {"cn1Label", "leaf"},
      {"cn1", "42"},
      {"msg", "drift: file:/etc/motd on web1: content"},
  };
  EXPECT_EQ(fields, expected);
}

TEST(CefLineTest, WhatOthersSayNeitherEndsAFieldNorTheLine) {
  const std::string line = CefLine(Hostile(), kHostile);
  EXPECT_THAT(line, StartsWith("CEF:0|Fettle|Fettle|"));
  EXPECT_TRUE(IsText(line));
  EXPECT_TRUE(std::none_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  })) << line;
  EXPECT_THAT(line, Not(HasSubstr("\xc2\x85")));
  EXPECT_THAT(line, Not(HasSubstr("\xe2\x80\xa8")));
  const auto fields = Extension(line);
  EXPECT_EQ(fields.at("reason"), "a|b=c\\d\ne\rf <script>\"' [31m   x CEF:0|Evil|x|1|1|x|10|msg=y");
  EXPECT_EQ(fields.count("y"), 0U);
}

TEST(CefLineTest, EscapesByTheRules) {
  Event event = Drift();
  event.summary = "a|b\\c\nd=e";
  event.detail = "a|b\\c\nd=e";
  const std::string line = CefLine(event, "s");
  EXPECT_THAT(line, HasSubstr("|a\\|b\\\\c d=e|6|"));
  EXPECT_THAT(line, HasSubstr(" reason=a|b\\\\c\\nd\\=e msg="));
}

TEST(CefLineTest, AnAddressOfVersionSixHasAFieldOfItsOwn) {
  Event event = Drift();
  event.actor->ssh_source = "2001:db8::7";
  const auto fields = Extension(CefLine(event, "s"));
  EXPECT_EQ(fields.count("src"), 0U);
  EXPECT_EQ(fields.at("c6a2"), "2001:db8::7");
}

TEST(CefLineTest, StaysWithinItsLength) {
  Event event = Hostile();
  for (std::string* text : {&event.detail, &event.resource, &event.summary, &event.who}) {
    *text = std::string(100'000, '=');
  }
  EXPECT_LE(CefLine(event, "s").size(), kMostLine);
}

TEST(SyslogFrameTest, CountsTheOctetsOfAMessageOfRfc5424) {
  Event event = Drift();
  const std::string frame = SyslogFrame(event, "{\"ö\":1}", "fettle.example");
  EXPECT_THAT(frame,
              MatchesRegex("[0-9]+ <108>1 2023-11-14T22:13:21.000Z fettle.example fettle-server "
                           "[0-9]+ drift - \\{\"ö\":1\\}"));
  const std::size_t blank = frame.find(' ');
  EXPECT_EQ(std::to_string(frame.size() - blank - 1), frame.substr(0, blank));
}

TEST(SyslogFrameTest, GraveIsAnErrorAndTheHostnameAWord) {
  Event event = Drift();
  event.severity = 8;
  EXPECT_THAT(SyslogFrame(event, "x", "a b\n"),
              HasSubstr(" <107>1 2023-11-14T22:13:21.000Z a_b_ "));
  event.severity = 1;
  EXPECT_THAT(SyslogFrame(event, "x", ""), HasSubstr("<110>1 "));
  EXPECT_THAT(SyslogFrame(event, "x", ""), EndsWith(" - x"));
}

}  // namespace
}  // namespace fettle::server::siem
