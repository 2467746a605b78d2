// SPDX-License-Identifier: Apache-2.0
// The rules of the HTTPS side that need no connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/caller.h"
#include "server/http/connect_error.h"
#include "server/http/failure_limit.h"
#include "server/http/live.h"
#include "server/http/static_files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace fettle::server::http {
namespace {

using ::testing::HasSubstr;

Request With(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(MessageTest, ACookieIsFoundAmongOthers) {
  const Request request = With({{"cookie", "a=1; __Host-fettle=secret; b=2"}});
  EXPECT_EQ(request.Cookie(kCookie), "secret");
  EXPECT_EQ(request.Cookie("c"), "");
  EXPECT_EQ(With({}).Cookie(kCookie), "");
}

TEST(OriginTest, APageOfAnotherSiteChangesNothing) {
  EXPECT_OK(CheckOrigin(With({{"host", "fettle:7443"}, {"origin", "https://fettle:7443"}}), false));
  EXPECT_FALSE(
      CheckOrigin(With({{"host", "fettle:7443"}, {"origin", "https://evil.example"}}), false).ok());
  EXPECT_FALSE(CheckOrigin(With({{"sec-fetch-site", "cross-site"}}), false).ok());
  EXPECT_FALSE(CheckOrigin(With({}), true).ok()) << "a cookie wants a header of ours";
  EXPECT_OK(CheckOrigin(With({{"connect-protocol-version", "1"}}), true));
}

TEST(StaticFilesTest, NoPathLeavesTheFolder) {
  EXPECT_EQ(FileOf("/"), "index.html");
  EXPECT_EQ(FileOf("/hosts/web1"), "index.html");
  EXPECT_EQ(FileOf("/assets/app-12345678.js"), "assets/app-12345678.js");
  for (const char* path : {"/../etc/passwd",
                           "/assets/../../x.js",
                           "/.git/config",
                           "//x.js",
                           "x",
                           "/a\\..\\b.js",
                           "/assets/\nx.js"}) {
    EXPECT_EQ(FileOf(path), "") << path;
  }
}

TEST(StaticFilesTest, OnlyWhatHoldsADigestOfItsContentNeverChanges) {
  EXPECT_TRUE(IsHashed("assets/app-1a2B3c4d.js"));
  EXPECT_FALSE(IsHashed("assets/app.js"));
  EXPECT_FALSE(IsHashed("app-1a2B3c4d.js"));
  EXPECT_FALSE(IsHashed("index.html"));
}

TEST(FailureLimitTest, WhoFailsTooOftenWaitsAMinute) {
  testing::FakeClock clock;
  FailureLimit limit(clock);
  for (uint32_t i = 0; i < FailureLimit::kMost; ++i) {
    EXPECT_TRUE(limit.Allows("192.0.2.1"));
    limit.Failed("192.0.2.1");
  }
  EXPECT_FALSE(limit.Allows("192.0.2.1"));
  EXPECT_TRUE(limit.Allows("192.0.2.2"));
  clock.Advance(absl::Minutes(2));
  EXPECT_TRUE(limit.Allows("192.0.2.1"));
}

TEST(FailureLimitTest, StrangersKeepNobodyOutAndFillNoMemory) {
  testing::FakeClock clock;
  FailureLimit limit(clock);
  for (std::size_t i = 0; i < FailureLimit::kMostAddresses * 2; ++i) {
    limit.Failed("stranger" + std::to_string(i));
  }
  EXPECT_TRUE(limit.Allows("192.0.2.1"));
}

TEST(LiveTest, WhatAHostIsCalledCannotEndAnEvent) {
  const std::string text = EventText({Change::Kind::kDrift, "web1\n\nevent: x"});
  EXPECT_EQ(text, "event: changed\ndata: {\"host\":\"web1\\n\\nevent: x\",\"kind\":\"drift\"}\n\n");
}

TEST(ConnectErrorTest, EveryCodeHasItsStatusAndName) {
  EXPECT_EQ(HttpStatus(absl::StatusCode::kUnauthenticated), 401);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kPermissionDenied), 403);
  EXPECT_EQ(HttpStatus(absl::StatusCode::kInvalidArgument), 400);
  EXPECT_THAT(ErrorJson(absl::NotFoundError("no \"x\"")), HasSubstr("\"code\":\"not_found\""));
}

}  // namespace
}  // namespace fettle::server::http
