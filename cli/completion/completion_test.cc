// SPDX-License-Identifier: Apache-2.0
#include "cli/completion/completion.h"

#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::cli {
namespace {

using testing::HasSubstr;

class CompletionTest : public testing::Test {
 protected:
  void SetUp() override {
    CLI::App* const hosts = app_.add_subcommand("hosts", "List the hosts' states");
    hosts->add_option("-o,--output", output_, "How")->check(CLI::IsMember({"table", "json"}));
    CLI::App* const channel = app_.add_subcommand("channel", "Channels");
    channel->add_subcommand("set", "Point it")->add_flag("--force", flag_, "Even so");
    AddCompletionCommand(app_, &exit_code_);
  }

  CLI::App app_;
  std::string output_;
  bool flag_ = false;
  int exit_code_ = 0;
};

TEST_F(CompletionTest, BashKnowsEveryCommandAndOption) {
  const std::string script = BashCompletion(app_);
  EXPECT_THAT(script, HasSubstr("'') commands='hosts channel completion' options='-h --help' ;;"));
  EXPECT_THAT(script, HasSubstr("' channel') commands='set'"));
  EXPECT_THAT(script, HasSubstr("' channel set') commands='' options='-h --help --force' ;;"));
  EXPECT_THAT(script, HasSubstr("' hosts -o') values='table json' ;;"));
}

TEST_F(CompletionTest, ZshSaysWhatEachWordMeans) {
  const std::string script = ZshCompletion(app_);
  EXPECT_THAT(script, testing::StartsWith("#compdef fettle\n"));
  EXPECT_THAT(script, HasSubstr("'hosts:List the hosts'\\'' states'"));
  EXPECT_THAT(script, HasSubstr("' hosts --output') values=(table json) ;;"));
  EXPECT_THAT(script, HasSubstr("'set:Point it'"));
}

}  // namespace
}  // namespace fettle::cli
