// SPDX-License-Identifier: Apache-2.0
#include "server/notify/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/status_matchers.h"

namespace fettle::server::notify {
namespace {

using ::testing::HasSubstr;

class SelectionTest : public ::testing::Test {
 protected:
  SelectionTest() {
    host_.record.name = "web1";
    host_.record.labels = {{"env", "prod"}};
    notice_.key = {Kind::kDrift, "web1", "file:/etc/motd"};
  }

  // Whether the hook wants the notice, of the host or of none.
  bool Wants(const std::string& filter, bool of_host = true) {
    hook_.filter = filter;
    const auto selection = Selection::Make(hook_, absl::UnixEpoch());
    EXPECT_OK(selection);
    return selection.ok() && selection->Wants(notice_, of_host ? &fields_ : nullptr);
  }

  NotifyHook hook_;
  HostView host_;
  HostFields fields_{host_, [] { return R"({"os": {"id": "debian"}})"; }};
  Notice notice_;
};

TEST_F(SelectionTest, FiltersSeeTheHostItsLabelsAndFacts) {
  EXPECT_TRUE(Wants(""));
  EXPECT_TRUE(Wants("labels.env == prod"));
  EXPECT_FALSE(Wants("labels.env == test"));
  EXPECT_TRUE(Wants("os.id == debian and name ~ 'web*'"));
  EXPECT_FALSE(Wants("os.id == fedora"));
}

TEST_F(SelectionTest, FiltersSeeTheNotice) {
  EXPECT_TRUE(Wants("notice.subject ~ 'file:/etc/*' and notice.kind == drift"));
  EXPECT_FALSE(Wants("notice.severity == critical"));
  EXPECT_FALSE(Wants("notice.by ~ '*vim*'"));
  notice_.by = "vim";
  EXPECT_TRUE(Wants("notice.by ~ '*vim*'"));
}

TEST_F(SelectionTest, WhatIsOfNoHostHasNoLabels) {
  EXPECT_FALSE(Wants("labels.env == prod", false));
  EXPECT_TRUE(Wants("notice.kind == drift", false));
}

TEST_F(SelectionTest, OnlyTheKindsThatTheHookNames) {
  hook_.kinds = {"failure", "recovery"};
  EXPECT_FALSE(Wants(""));
  notice_.key.kind = Kind::kFailure;
  EXPECT_TRUE(Wants(""));
}

TEST_F(SelectionTest, ABadFilterNamesTheHook) {
  hook_.name = "ops";
  hook_.filter = "labels.env = prod";
  const auto selection = Selection::Make(hook_, absl::UnixEpoch());
  EXPECT_TRUE(absl::IsInvalidArgument(selection.status()));
  EXPECT_THAT(std::string(Message(selection.status())), HasSubstr("[[notify]] ops: filter: "));
}

TEST_F(SelectionTest, AWordThatNoKindHasIsRefused) {
  hook_.filter = "notice.kind == fire";
  EXPECT_TRUE(absl::IsInvalidArgument(Selection::Make(hook_, absl::UnixEpoch()).status()));
}

}  // namespace
}  // namespace fettle::server::notify
