// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/control.h"

#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/background_thread.h"
#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::StatusIs;
using ::testing::ElementsAre;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string name = ::testing::TempDir() + "control-XXXXXX";
    directory_ = mkdtemp(name.data());
    path_ = directory_ + "/agent.sock";
  }

  ~ControlTest() override { std::filesystem::remove_all(directory_); }

  void Listen(ControlServer::Handler handler) {
    auto server = ControlServer::Listen(path_, std::move(handler));
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  // Asks while this thread serves.
  absl::StatusOr<ControlAnswer> Ask(const std::vector<std::string>& words) {
    std::atomic<bool> done = false;
    absl::StatusOr<ControlAnswer> answer = absl::UnknownError("not asked");
    {
      const BackgroundThread asker([&] {
        answer = AskAgent(path_, words, Deadline::Never());
        done = true;
      });
      while (!done) {
        Serve();
      }
    }
    return answer;
  }

  void Serve() {
    std::vector<pollfd> watched;
    for (const int fd : server_->fds()) {
      watched.push_back({fd, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), 1);
    for (const pollfd& one : watched) {
      if (one.revents != 0) {
        server_->OnReadable(one.fd);
      }
    }
  }

  std::string directory_;
  std::string path_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlTest, HandsWordsOverAndTheAnswerBack) {
  std::vector<std::string> heard;
  Listen([&](const std::vector<std::string>& words, const ControlServer::Reply& reply) {
    heard = words;
    reply(4, "two lines\nof text");
  });
  const auto answer = Ask({"pause", "3600", "a reason with blanks"});
  ASSERT_OK(answer);
  EXPECT_EQ(answer->exit_code, 4);
  EXPECT_EQ(answer->text, "two lines\nof text");
  EXPECT_THAT(heard, ElementsAre("pause", "3600", "a reason with blanks"));
  EXPECT_THAT(server_->fds(), ::testing::SizeIs(1));
}

TEST_F(ControlTest, AnswersLaterThanItWasAsked) {
  std::optional<ControlServer::Reply> pending;
  Listen([&](const std::vector<std::string>& words, const ControlServer::Reply& reply) {
    if (words.front() == "first") {
      pending = reply;
    } else {
      reply(0, "second");
      (*pending)(0, "first");
    }
  });
  absl::StatusOr<ControlAnswer> first = absl::UnknownError("not asked");
  std::atomic<bool> done = false;
  {
    const BackgroundThread asker([&] {
      first = AskAgent(path_, {"first"}, Deadline::Never());
      done = true;
    });
    while (!pending.has_value()) {
      Serve();
    }
    const auto second = Ask({"second"});
    ASSERT_OK(second);
    EXPECT_EQ(second->text, "second");
    while (!done) {
      Serve();
    }
  }
  ASSERT_OK(first);
  EXPECT_EQ(first->text, "first");
}

TEST_F(ControlTest, AnAnswerToSomebodyWhoHasGoneDoesNoHarm) {
  ControlServer::Reply kept;
  Listen([&](const std::vector<std::string>& words, const ControlServer::Reply& reply) {
    if (words.front() == "stay") {
      reply(0, "here");
    } else {
      kept = reply;
      reply(0, "done");
    }
  });
  ASSERT_OK(Ask({"go"}));
  kept(0, "again");
  const auto answer = Ask({"stay"});
  ASSERT_OK(answer);
  EXPECT_EQ(answer->text, "here");
}

TEST_F(ControlTest, IsForTheOwnerAlone) {
  Listen([](const std::vector<std::string>&, const ControlServer::Reply& reply) { reply(0, ""); });
  const auto permissions = std::filesystem::status(path_).permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ControlTest, SaysThatNoAgentRuns) {
  EXPECT_THAT(AskAgent(path_, {"status"}, Deadline::Never()),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("running")));
}

}  // namespace
}  // namespace fettle::agent
