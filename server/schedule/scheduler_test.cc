// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "tests/server/store_fixture.h"

namespace fettle::server::schedule {
namespace {

using resource::Cause;
using resource::State;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeMail : public notify::MailSender {
 public:
  absl::Status Send(const notify::Mail& mail,
                    const notify::MailServer& /*server*/,
                    const std::atomic<bool>& /*cancelled*/) const override {
    RETURN_IF_ERROR(answer);
    mails.push_back(mail);
    return absl::OkStatus();
  }

  absl::Status answer;
  mutable std::vector<notify::Mail> mails;
};

class FakePost : public notify::PostSender {
 public:
  absl::StatusOr<notify::Reply> Send(const notify::Post& post,
                                     const std::atomic<bool>& /*cancelled*/) const override {
    bodies.push_back(nlohmann::json::parse(post.body));
    return notify::Reply{200, "", absl::ZeroDuration()};
  }

  mutable std::vector<nlohmann::json> bodies;
};

class SchedulerTest : public StoreTest {
 protected:
  SchedulerTest() {
    report_.name = "daily";
    report_.kind = ReportKind::kDrift;
    report_.times.every = ReportEvery::kDay;
    report_.smtp = "smtps://mail.example";
    report_.from = "fettle@example";
    report_.to = {"ann@example"};
  }

  void Begin() {
    scheduler_.reset();
    writer_ = std::make_unique<Writer>(store(), clock_, absl::Minutes(1), absl::InfiniteDuration());
    Scheduler::Options options;
    options.reports = {report_};
    options.server = "fettle.example";
    options.load = [this]() -> absl::StatusOr<std::string> {
      return kept_.empty() ? absl::StatusOr<std::string>(NotFound("nothing yet")) : kept_;
    };
    options.save = [this](std::string_view text) {
      kept_ = text;
      return absl::OkStatus();
    };
    scheduler_ =
        std::make_unique<Scheduler>(*writer_, clock_, Carriers{post_, mail_}, std::move(options));
    scheduler_->Prepare();
  }

  // How many mails came since the last question.
  std::size_t Sent() {
    scheduler_->SendDue();
    return std::exchange(mail_.mails, {}).size();
  }

  ReportFigures Figures() const { return scheduler_->Figures().at(0); }

  ScheduledReport report_;
  FakeMail mail_;
  FakePost post_;
  std::string kept_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, EachIsSentOnceWhenItIsDue) {
  Begin();
  EXPECT_EQ(Sent(), 0U);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 1U);
  EXPECT_EQ(Sent(), 0U);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 1U);
  EXPECT_EQ(Figures().sent, 2U);
}

TEST_F(SchedulerTest, ARestartNeitherDoublesNorLosesOne) {
  Begin();
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 1U);
  Begin();
  EXPECT_EQ(Sent(), 0U);
  scheduler_.reset();
  clock_.Advance(absl::Hours(24));
  Begin();
  EXPECT_EQ(Sent(), 1U);
  scheduler_.reset();
  clock_.Advance(absl::Hours(24) * 5);  // Of five the newest.
  Begin();
  EXPECT_EQ(Sent(), 1U);
  EXPECT_EQ(Sent(), 0U);
}

TEST_F(SchedulerTest, WhatIsNotTakenIsTriedAgainUntilTheNextIsDue) {
  Begin();
  mail_.answer = Unavailable("nobody there");
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 0U);
  EXPECT_EQ(Sent(), 0U);
  EXPECT_EQ(Figures().failed, 1U);  // Not at once.
  clock_.Advance(absl::Minutes(30));
  mail_.answer = absl::OkStatus();
  EXPECT_EQ(Sent(), 1U);
  mail_.answer = Unavailable("nobody there");
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 0U);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 0U);
  EXPECT_EQ(Figures().missed, 1U);
  mail_.answer = absl::OkStatus();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Sent(), 1U);
}

TEST_F(SchedulerTest, ADriftReportIsAboutTheTimeSinceTheOneBefore) {
  MakeHost("web1");
  Begin();
  ASSERT_OK(
      Ingest("web1", "E1", {Run(1, {Resource("file:/<b>", State::kChanged, Cause::kDrift)})}));
  clock_.Advance(absl::Hours(24));
  scheduler_->SendDue();
  ASSERT_EQ(mail_.mails.size(), 1U);
  const notify::Mail mail = std::exchange(mail_.mails, {})[0];
  EXPECT_THAT(mail.text, HasSubstr("1 drifts of 1 resources on 1 hosts"));
  EXPECT_THAT(mail.file, HasSubstr("file:/&lt;b&gt;"));
  EXPECT_THAT(mail.file, Not(HasSubstr("<b>")));
  EXPECT_EQ(mail.file_type, "text/html; charset=utf-8");
  EXPECT_THAT(mail.file_name, HasSubstr("drift-"));
  EXPECT_EQ(mail.subject, "Fettle fettle.example: daily of drift");
  EXPECT_THAT(mail.id, HasSubstr("@fettle.example"));
  clock_.Advance(absl::Hours(24));
  scheduler_->SendDue();
  ASSERT_EQ(mail_.mails.size(), 1U);
  EXPECT_THAT(mail_.mails[0].text, HasSubstr("0 drifts"));
  EXPECT_NE(mail_.mails[0].id, mail.id);
}

TEST_F(SchedulerTest, AWebhookGetsTheSameAsJson) {
  report_.smtp.clear();
  report_.hook.name = "daily";
  report_.hook.url = "https://hooks.example";
  report_.format = ReportFormat::kCsv;
  Begin();
  clock_.Advance(absl::Hours(24));
  scheduler_->SendDue();
  ASSERT_EQ(post_.bodies.size(), 1U);
  const nlohmann::json& body = post_.bodies[0];
  EXPECT_EQ(body["report"], "daily");
  EXPECT_EQ(body["kind"], "drift");
  EXPECT_EQ(body["file_type"], "text/csv; charset=utf-8");
  EXPECT_THAT(body["file"].get<std::string>(), HasSubstr("\"seen\",\"ended\""));
}

TEST_F(SchedulerTest, AReportThatCannotBeWrittenIsAFailureThatIsTriedAgain) {
  report_.filter = "no such word";
  Begin();
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Sent(), 0U);
  EXPECT_EQ(Figures().failed, 1U);
}

}  // namespace
}  // namespace fettle::server::schedule
