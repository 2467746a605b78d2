// SPDX-License-Identifier: Apache-2.0
#include "agent/link/port.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/link/encode.h"
#include "agent/link/report_signer_for_test.h"
#include "fettle/v1/link.pb.h"
#include "lib/digest/digest.h"
#include "lib/evidence/statement.h"
#include "lib/wire/report_wire.h"
#include "tests/support/status_matchers.h"

namespace fettle::link {
namespace {

using fettle::testing::StatusIs;

// A port with its other end in the hands of the test.
class PortTest : public ::testing::Test {
 protected:
  PortTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    port_.emplace(fds_[0], signer_);
  }

  ~PortTest() override {
    ::close(fds_[0]);
    CloseLink();
  }

  void CloseLink() {
    if (fds_[1] >= 0) {
      ::close(fds_[1]);
      fds_[1] = -1;
    }
  }

  void Say(const v1::FromLink& message) {
    const auto frame = wire::Frame(message);
    ASSERT_OK(frame);
    ASSERT_EQ(::write(fds_[1], frame->data(), frame->size()), static_cast<ssize_t>(frame->size()));
  }

  // All that the port has sent.
  std::vector<v1::ToLink> Heard() {
    EXPECT_OK(port_->Flush());
    std::array<char, 1 << 16> buffer{};
    while (true) {
      const ssize_t got = ::read(fds_[1], buffer.data(), buffer.size());
      if (got <= 0) {
        break;
      }
      reader_.Append({buffer.data(), static_cast<std::size_t>(got)});
    }
    std::vector<v1::ToLink> messages;
    for (auto frame = reader_.Next(); frame.ok() && frame->has_value(); frame = reader_.Next()) {
      messages.emplace_back();
      EXPECT_TRUE(messages.back().ParseFromString(**frame));
    }
    return messages;
  }

  std::vector<Event> Read() {
    std::vector<Event> events;
    EXPECT_OK(port_->Read(&events));
    return events;
  }

  const ReportSigner signer_ = NewReportSigner();
  std::array<int, 2> fds_{-1, -1};
  std::optional<Port> port_;
  wire::FrameReader reader_;
};

TEST_F(PortTest, GivesSpooledReportsTheirSequenceAndSignsThem) {
  const std::vector<SpooledReport> reports = {
      {7, absl::FromUnixSeconds(100), EncodeFacts("{\"a\":1}")}};
  port_->Send("01EPOCH", 5, reports);
  const std::vector<v1::ToLink> heard = Heard();
  ASSERT_EQ(heard.size(), 1U);
  const v1::ReportBatch& batch = heard[0].send().reports();
  EXPECT_EQ(batch.epoch(), "01EPOCH");
  v1::ReportList list;
  ASSERT_TRUE(list.ParseFromString(batch.reports()));
  ASSERT_EQ(list.reports_size(), 1);
  EXPECT_EQ(list.reports(0).sequence(), 7U);
  EXPECT_EQ(list.reports(0).recorded_us(), 100'000'000);
  EXPECT_EQ(list.reports(0).facts().json(), "{\"a\":1}");
  evidence::ReportsStatement statement{"web1", "01EPOCH", 5, 7, Sha256(batch.reports())};
  EXPECT_EQ(batch.key(), signer_.public_key);
  EXPECT_TRUE(evidence::VerifyReports(statement, batch.key(), batch.signature()));
  statement.after = 4;
  EXPECT_FALSE(evidence::VerifyReports(statement, batch.key(), batch.signature()));
}

TEST_F(PortTest, KeepsWhatTheSocketDoesNotTakeYet) {
  Credentials credentials;
  credentials.server = "server:7440";
  credentials.ca = std::string(2 << 20, 'c');
  port_->Send(credentials);
  EXPECT_OK(port_->Flush());
  EXPECT_TRUE(port_->wants_write());
  std::vector<v1::ToLink> heard;
  for (int i = 0; i < 1000 && heard.empty(); ++i) {
    heard = Heard();
  }
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].credentials().ca(), credentials.ca);
  EXPECT_FALSE(port_->wants_write());
}

TEST_F(PortTest, ReadsAnAssignment) {
  v1::FromLink message;
  v1::Assignment& proto = *message.mutable_received()->mutable_assignment();
  const Digest id = Sha256("s");
  proto.set_revision("r1");
  proto.set_revision_id(wire::ToProto(id));
  proto.set_statement("s");
  proto.set_channel("production");
  (*proto.mutable_labels())["role"] = "web";
  Say(message);
  const std::vector<Event> events = Read();
  ASSERT_EQ(events.size(), 1U);
  const auto& assignment = std::get<Assignment>(events[0]);
  EXPECT_EQ(assignment.revision_id, id);
  EXPECT_EQ(assignment.labels.at("role"), "web");
}

TEST_F(PortTest, PutsBlobsTogetherFromTheirChunks) {
  const Digest digest = Sha256("hello world");
  for (const auto& [data, last] : {std::pair("hello ", false), std::pair("world", true)}) {
    v1::FromLink message;
    message.mutable_blob()->set_digest(wire::ToProto(digest));
    message.mutable_blob()->set_data(data);
    message.mutable_blob()->set_last(last);
    Say(message);
  }
  const std::vector<Event> events = Read();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<Blob>(events[0]).data, "hello world");
  EXPECT_EQ(std::get<Blob>(events[0]).digest, digest);
}

TEST_F(PortTest, BelievesNoHeartbeatIntervalThatWouldHurt) {
  v1::FromLink message;
  message.mutable_received()->mutable_hello_ack()->set_heartbeat_seconds(0);
  Say(message);
  EXPECT_EQ(std::get<HelloAck>(Read().at(0)).heartbeat, absl::Seconds(60));
  message.mutable_received()->mutable_hello_ack()->set_heartbeat_seconds(4'000'000'000U);
  Say(message);
  EXPECT_EQ(std::get<HelloAck>(Read().at(0)).heartbeat, absl::Hours(1));
}

TEST_F(PortTest, RefusesDigestsOfTheWrongLength) {
  v1::FromLink message;
  message.mutable_received()->mutable_assignment()->set_revision_id("short");
  Say(message);
  std::vector<Event> events;
  EXPECT_THAT(port_->Read(&events), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PortTest, RefusesWhatIsNoMessage) {
  const std::string frame("\x03\0\0\0\xff\xff\xff", 7);
  ASSERT_EQ(::write(fds_[1], frame.data(), frame.size()), 7);
  std::vector<Event> events;
  EXPECT_THAT(port_->Read(&events), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PortTest, SaysWhenTheLinkIsGone) {
  CloseLink();
  std::vector<Event> events;
  EXPECT_THAT(port_->Read(&events), StatusIs(absl::StatusCode::kUnavailable));
  port_->Renew("request");
  EXPECT_THAT(port_->Flush(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PortTest, AsksForANewConnectionWithTheCredentialsGiven) {
  port_->Probe(7, {"server:7440", "key", "certificate", "ca"});
  const std::vector<v1::ToLink> heard = Heard();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].probe().id(), 7U);
  EXPECT_EQ(heard[0].probe().credentials().server(), "server:7440");
  v1::FromLink answer;
  answer.mutable_probed()->set_id(7);
  answer.mutable_probed()->set_error("refused");
  Say(answer);
  const std::vector<Event> events = Read();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<Probed>(events[0]).id, 7U);
  EXPECT_EQ(std::get<Probed>(events[0]).error, "refused");
}

}  // namespace
}  // namespace fettle::link
