// SPDX-License-Identifier: Apache-2.0
#include "server/notify/delivery.h"

#include <deque>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "tests/support/temp_folder.h"

namespace fettle::server::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSecret[] = "geheim-4711";

// Answers what it is told to, and keeps what it got.
class FakeSender : public PostSender {
 public:
  absl::StatusOr<Reply> Send(const Post& post,
                             const std::atomic<bool>& /*cancelled*/) const override {
    posts.push_back(post);
    if (replies.empty()) {
      return Reply{200, "", absl::ZeroDuration()};
    }
    auto reply = replies.front();
    replies.pop_front();
    return reply;
  }

  mutable std::vector<Post> posts;
  mutable std::deque<absl::StatusOr<Reply>> replies;
};

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() {
    hook_.name = "ops";
    hook_.url = "https://hooks.example:8443/services/T0/geheim-4711";
  }

  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::string File(const std::string& content, std::filesystem::perms mode) {
    const std::string path = Path("secret");
    std::ofstream(path) << content;
    std::filesystem::permissions(path, mode);
    return path;
  }

  std::string Secret(const std::string& content) {
    return File(content, std::filesystem::perms::owner_read);
  }

  Outcome Post(std::vector<std::string> bodies = {"{}"}) {
    return Deliver(hook_, bodies, sender_, cancelled_);
  }

  std::string Said() { return std::string(Message(Post().status)); }

  void Answer(int status, std::string body = "") {
    sender_.replies.push_back(Reply{status, std::move(body), absl::Seconds(7)});
  }

  testing::TempFolder folder_;
  FakeSender sender_;
  NotifyHook hook_;
  const std::atomic<bool> cancelled_ = false;
};

TEST_F(DeliveryTest, PostsEveryBodyInOrder) {
  hook_.ca_file = "/ca.pem";
  hook_.timeout = absl::Seconds(3);
  EXPECT_TRUE(Post({"1", "2"}).status.ok());
  ASSERT_EQ(sender_.posts.size(), 2U);
  EXPECT_EQ(sender_.posts[1].body, "2");
  EXPECT_EQ(sender_.posts[1].url, hook_.url);
  EXPECT_EQ(sender_.posts[1].ca_file, "/ca.pem");
  EXPECT_EQ(sender_.posts[1].timeout, absl::Seconds(3));
  EXPECT_THAT(sender_.posts[1].headers, IsEmpty());
}

TEST_F(DeliveryTest, StopsAtTheFirstThatIsNotTaken) {
  Answer(500);
  EXPECT_FALSE(Post({"1", "2"}).status.ok());
  EXPECT_EQ(sender_.posts.size(), 1U);
}

TEST_F(DeliveryTest, SendsTheTokenAndTheHeaderOfTheirFiles) {
  hook_.token_file = Secret("  geheim-4711\n");
  Post();
  EXPECT_THAT(sender_.posts.at(0).headers, ElementsAre("Authorization: Bearer geheim-4711"));
  hook_.token_file = "";
  hook_.header_file = Path("header");
  std::ofstream(hook_.header_file) << "X-Key: geheim-4711\n";
  std::filesystem::permissions(hook_.header_file, std::filesystem::perms::owner_read);
  Post();
  EXPECT_THAT(sender_.posts.at(1).headers, ElementsAre("X-Key: geheim-4711"));
}

TEST_F(DeliveryTest, ReadsTheAddressOfItsFile) {
  hook_.url_file = Secret("https://hooks.example/geheim-4711\n");
  hook_.url = "";
  Answer(404, "no geheim-4711 here: https://hooks.example/geheim-4711");
  EXPECT_EQ(
      Said(),
      R"(https://hooks.example/… answered 404, saying "no geheim-4711 here: ***": is the url right?)");
  EXPECT_EQ(sender_.posts.at(0).url, "https://hooks.example/geheim-4711");
}

TEST_F(DeliveryTest, NoSecretIsEverSaid) {
  hook_.token_file = Secret(kSecret);
  Answer(401, "Bearer geheim-4711 is not good\nreally");
  const std::string said = Said();
  EXPECT_THAT(said, Not(HasSubstr(kSecret)));
  EXPECT_THAT(said, HasSubstr("https://hooks.example:8443/… answered 401"));
  EXPECT_THAT(said, HasSubstr("Bearer *** is not good really"));
  EXPECT_THAT(said, HasSubstr("token_file"));
}

TEST_F(DeliveryTest, ASecretThatEverybodyMayReadIsNotUsed) {
  hook_.token_file = File(kSecret, std::filesystem::perms(0644));
  EXPECT_THAT(Said(), HasSubstr("chmod o= it"));
  EXPECT_THAT(sender_.posts, IsEmpty());
}

TEST_F(DeliveryTest, AFileThatIsNoGoodIsNamed) {
  hook_.token_file = Path("none");
  EXPECT_THAT(Said(), HasSubstr("token_file: "));
  EXPECT_THAT(Said(), HasSubstr(hook_.token_file));
  hook_.token_file = Secret("a\r\nX-Injected: b");
  EXPECT_THAT(Said(), HasSubstr("one line"));
  hook_.token_file = "";
  std::filesystem::remove(Path("secret"));
  hook_.header_file = Secret("no colon");
  EXPECT_THAT(Said(), HasSubstr("header_file"));
  EXPECT_THAT(Said(), Not(HasSubstr("no colon")));
  EXPECT_THAT(sender_.posts, IsEmpty());
}

TEST_F(DeliveryTest, ASecretGoesOverNoPlainHttp) {
  hook_.url = "";
  hook_.url_file = Secret("http://hooks.example/x");
  hook_.header_file = hook_.url_file;
  EXPECT_THAT(Said(), HasSubstr("plain http"));
  EXPECT_THAT(sender_.posts, IsEmpty());
}

TEST_F(DeliveryTest, OnlyWhatIsWrongWithTheMessageItselfIsARefusal) {
  const struct {
    int status;
    bool refused;
    const char* said;
  } kCases[] = {{302, false, "redirects are not followed"},
                {400, true, "format"},
                {403, false, "secret"},
                {413, true, "size"},
                {422, true, "format"},
                {429, false, "longer interval"},
                {500, false, "receiver's own log"},
                {503, false, "receiver's own log"}};

  for (const auto& one : kCases) {
    Answer(one.status);
    const Outcome outcome = Post();
    EXPECT_EQ(outcome.refused, one.refused) << one.status;
    EXPECT_EQ(outcome.retry_after, absl::Seconds(7));
    EXPECT_THAT(std::string(Message(outcome.status)), HasSubstr(one.said));
  }
}

TEST_F(DeliveryTest, WhatTheSenderSaysIsPassedOn) {
  sender_.replies.emplace_back(Aborted("stopped"));
  EXPECT_TRUE(absl::IsAborted(Post().status));
}

TEST_F(DeliveryTest, ATestSaysThatItIsOneInEveryFormat) {
  for (const NotifyFormat format :
       {NotifyFormat::kGeneric, NotifyFormat::kSlack, NotifyFormat::kAlertmanager}) {
    hook_.format = format;
    const std::string body = notify::TestBody(hook_, "fettle.example", absl::UnixEpoch());
    EXPECT_THAT(body, HasSubstr("fettle-server notify test ops"));
    EXPECT_FALSE(nlohmann::json::parse(body, nullptr, false).is_discarded());
  }
}

TEST(ShownUrlTest, ShowsNothingThatMayBeASecret) {
  EXPECT_EQ(ShownUrl("https://a.example:1/x/y?z"), "https://a.example:1/…");
  EXPECT_EQ(ShownUrl("https://ann:pw@a.example/x"), "https://a.example/…");
  EXPECT_EQ(ShownUrl("https://a.example?key=1"), "https://a.example/…");
  EXPECT_EQ(ShownUrl("https://a.example/"), "https://a.example");
  EXPECT_EQ(ShownUrl("https://a.example"), "https://a.example");
}

}  // namespace
}  // namespace fettle::server::notify
