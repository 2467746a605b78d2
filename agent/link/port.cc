// SPDX-License-Identifier: Apache-2.0
#include "agent/link/port.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "agent/link/from_proto.h"
#include "fettle/v1/link.pb.h"
#include "lib/base/status_macros.h"
#include "lib/digest/digest.h"
#include "lib/evidence/statement.h"
#include "lib/policy/tree.h"
#include "lib/wire/report_wire.h"

namespace fettle::link {
namespace {

constexpr uint32_t kProtocol = 1;

absl::Status Gone(int error) {
  return Unavailable("the link is gone: {}", std::generic_category().message(error));
}

bool TryLater(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

void ToProto(const Credentials& credentials, v1::Credentials* proto) {
  proto->set_server(credentials.server);
  proto->set_private_key(credentials.private_key);
  proto->set_certificate(credentials.certificate);
  proto->set_ca(credentials.ca);
}

}  // namespace

void Port::Queue(const google::protobuf::MessageLite& message) {
  // Too large only if a report is, and the spool takes none of that size.
  if (const auto frame = wire::Frame(message); frame.ok()) {
    out_ += *frame;
  }
}

void Port::Send(const Credentials& credentials) {
  v1::ToLink message;
  ToProto(credentials, message.mutable_credentials());
  Queue(message);
}

void Port::Send(const Hello& hello) {
  v1::ToLink message;
  v1::Hello& proto = *message.mutable_send()->mutable_hello();
  proto.set_agent_version(hello.agent_version);
  proto.set_epoch(hello.epoch);
  proto.set_next_sequence(hello.next_sequence);
  proto.set_machine_id(hello.machine_id);
  proto.set_revision_id(wire::ToProto(hello.revision_id));
  proto.set_states(wire::ToProto(hello.states));
  proto.set_catalog(wire::ToProto(hello.catalog));
  proto.set_protocol(kProtocol);
  Queue(message);
}

void Port::Send(const Heartbeat& heartbeat) {
  v1::ToLink message;
  v1::Heartbeat& proto = *message.mutable_send()->mutable_heartbeat();
  proto.set_states(wire::ToProto(heartbeat.states));
  proto.set_catalog(wire::ToProto(heartbeat.catalog));
  proto.set_revision_id(wire::ToProto(heartbeat.revision_id));
  proto.set_unacknowledged(heartbeat.unacknowledged);
  proto.set_time_us(absl::ToUnixMicros(heartbeat.time));
  proto.set_packages(wire::ToProto(heartbeat.packages));
  Queue(message);
}

void Port::Send(const std::string& epoch, uint64_t after, std::span<const SpooledReport> reports) {
  v1::ReportList list;
  evidence::ReportsStatement statement;
  for (const SpooledReport& report : reports) {
    statement.last = report.sequence;
    v1::Report& proto = *list.add_reports();
    proto.ParseFromString(report.body);  // Written by us and protected by a checksum since.
    proto.set_sequence(report.sequence);
    proto.set_recorded_us(absl::ToUnixMicros(report.recorded));
  }
  v1::ToLink message;
  v1::ReportBatch& batch = *message.mutable_send()->mutable_reports();
  batch.set_epoch(epoch);
  batch.set_after(after);
  batch.set_reports(list.SerializeAsString());
  statement.host = signer_.host;
  statement.epoch = epoch;
  statement.after = after;
  statement.digest = Sha256(batch.reports());
  batch.set_key(signer_.public_key);
  // Fails only for want of memory; the server then refuses the batch and says so.
  batch.set_signature(evidence::SignReports(statement, signer_.key).value_or(""));
  Queue(message);
}

void Port::Answer(const std::string& answer) {
  v1::ToLink message;
  message.mutable_send()->mutable_answer()->ParseFromString(answer);
  Queue(message);
}

void Port::Fetch(std::span<const Digest> digests) {
  v1::ToLink message;
  v1::FetchBlobsRequest& request = *message.mutable_fetch();
  for (const Digest& digest : digests) {
    request.add_digests(wire::ToProto(digest));
  }
  blob_ = Blob();
  Queue(message);
}

void Port::Renew(const std::string& certificate_request) {
  v1::ToLink message;
  message.mutable_renew()->set_certificate_request(certificate_request);
  Queue(message);
}

void Port::Probe(uint64_t id, const Credentials& credentials) {
  v1::ToLink message;
  message.mutable_probe()->set_id(id);
  ToProto(credentials, message.mutable_probe()->mutable_credentials());
  Queue(message);
}

absl::Status Port::Flush() {
  while (sent_ < out_.size()) {
    const ssize_t wrote = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (wrote < 0 && TryLater(errno)) {
      return absl::OkStatus();
    }
    if (wrote < 0) {
      return Gone(errno);
    }
    sent_ += static_cast<std::size_t>(wrote);
  }
  wire::Empty(&out_);
  sent_ = 0;
  return absl::OkStatus();
}

absl::Status Port::Read(std::vector<Event>* events) {
  std::array<char, 64 << 10> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got < 0) {
    return TryLater(errno) ? absl::OkStatus() : Gone(errno);
  }
  if (got == 0) {
    return Unavailable("the link has ended");
  }
  reader_.Append({buffer.data(), static_cast<std::size_t>(got)});
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<std::string> frame, reader_.Next());
    if (!frame.has_value()) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Take(*frame, events));
  }
}

absl::Status Port::Take(std::string_view frame, std::vector<Event>* events) {
  v1::FromLink message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return InvalidArgument("the link sent what is no message");
  }
  if (message.body_case() != v1::FromLink::kBlob) {
    ASSIGN_OR_RETURN(std::optional<Event> event, EventFromProto(std::move(message)));
    if (event.has_value()) {
      events->push_back(*std::move(event));
    }
    return absl::OkStatus();
  }
  const v1::BlobChunk& chunk = message.blob();
  ASSIGN_OR_RETURN(const Digest digest, wire::DigestFromProto(chunk.digest()));
  if (digest != blob_.digest) {
    blob_ = Blob{digest, ""};
  }
  if (blob_.data.size() + chunk.data().size() > policy::kMaxFileBytes) {
    return InvalidArgument("the link sent a blob of more than {} bytes", policy::kMaxFileBytes);
  }
  blob_.data += chunk.data();
  if (chunk.last()) {
    events->push_back(std::exchange(blob_, Blob()));
  }
  return absl::OkStatus();
}

}  // namespace fettle::link
