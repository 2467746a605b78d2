// SPDX-License-Identifier: Apache-2.0
#include "server/api/session_reactor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"
#include "lib/digest/digest.h"
#include "lib/evidence/statement.h"
#include "lib/wire/report_wire.h"
#include "server/api/grpc_status.h"
#include "server/api/tasks.h"
#include "server/reports/from_proto.h"

namespace fettle::server {
namespace {

constexpr uint64_t kLastSequence = std::numeric_limits<int64_t>::max();  // The store counts so.

constexpr int kWindow = 4;
constexpr uint32_t kProtocol = 1;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kRememberedRevisions = 4;
constexpr absl::Duration kHelloWithin = absl::Seconds(30);
constexpr absl::Duration kFarewellWithin = absl::Seconds(10);

absl::Status CheckHello(const v1::Hello& hello) {
  if (hello.protocol() != kProtocol) {
    return FailedPrecondition(
        "the agent speaks protocol {}, this server speaks {}: {} must be upgraded first",
        hello.protocol(),
        kProtocol,
        hello.protocol() > kProtocol ? "the server" : "the agent");
  }
  if (hello.epoch().empty() || hello.epoch().size() > kMaxId) {
    return InvalidArgument(
        "Hello: the epoch has {} bytes, not 1 to {}", hello.epoch().size(), kMaxId);
  }
  if (hello.machine_id().empty() || hello.machine_id().size() > kMaxId) {
    return InvalidArgument(
        "Hello: the machine id has {} bytes, not 1 to {}", hello.machine_id().size(), kMaxId);
  }
  return absl::OkStatus();
}

// Of Hello and Heartbeat alike.
template <typename Said>
absl::StatusOr<Agreement::View> ViewOf(const Said& said) {
  Agreement::View view;
  ASSIGN_OR_RETURN(view.states, wire::DigestFromProto(said.states()));
  ASSIGN_OR_RETURN(view.catalog, wire::DigestFromProto(said.catalog()));
  ASSIGN_OR_RETURN(view.revision, wire::DigestFromProto(said.revision_id()));
  return view;
}

// A heartbeat says its packages as well; a Hello comes before anybody has looked at them.
absl::StatusOr<Agreement::View> HeartbeatView(const v1::Heartbeat& heartbeat) {
  ASSIGN_OR_RETURN(Agreement::View view, ViewOf(heartbeat));
  ASSIGN_OR_RETURN(view.packages, wire::DigestFromProto(heartbeat.packages()));
  return view;
}

// What came, if the host signed it.
absl::StatusOr<SignedReports> CheckSignature(const std::string& host,
                                             const std::vector<Ingest>& records,
                                             const v1::ReportBatch& batch) {
  evidence::ReportsStatement statement{
      host, batch.epoch(), batch.after(), 0, Sha256(batch.reports())};
  for (const Ingest& record : records) {
    if (record.sequence > kLastSequence) {
      return InvalidArgument("ReportBatch: no host has written {} reports", record.sequence);
    }
    statement.last = std::max(statement.last, record.sequence);
  }
  if (!evidence::VerifyReports(statement, batch.key(), batch.signature())) {
    return PermissionDenied(
        "reports {} to {} of host {} are not signed by the key that came with them; is its agent "
        "of another version than this server, or its report-key.pem damaged?",
        batch.after() + 1,
        statement.last,
        host);
  }
  return SignedReports{
      batch.reports(), statement.digest, batch.after(), batch.key(), batch.signature()};
}

// What the last run or snapshot of a batch says of all states; nothing if none does.
std::optional<Agreement::View> LastViewOf(const v1::ReportList& batch) {
  for (auto report = batch.reports().rbegin(); report != batch.reports().rend(); ++report) {
    const bool run = report->has_run();
    if (!run && !report->has_snapshot()) {
      continue;
    }
    const std::string& states = run ? report->run().states() : report->snapshot().states();
    const std::string& catalog = run ? report->run().catalog() : report->snapshot().catalog();
    const auto states_digest = wire::DigestFromProto(states);
    const auto catalog_digest = wire::DigestFromProto(catalog);
    if (!states_digest.ok() || !catalog_digest.ok() || states_digest->empty()) {
      return std::nullopt;
    }
    return Agreement::View{*states_digest, *catalog_digest, Digest{}};
  }
  return std::nullopt;
}

}  // namespace

SessionReactor* SessionReactor::Open(const Context& context,
                                     Peer peer,
                                     grpc::CallbackServerContext* call) {
  // Not make_shared: the constructor is private.
  const std::shared_ptr<SessionReactor> session(new SessionReactor(context, std::move(peer), call));
  {
    const absl::MutexLock lock(&session->mutex_);
    session->self_ = session;
  }
  context.sessions.Opened(session);
  session->Read();
  return session.get();
}

SessionReactor::SessionReactor(const Context& context, Peer peer, grpc::CallbackServerContext* call)
    : context_(context),
      peer_(std::move(peer)),
      address_(AddressOf(call->peer())),
      opened_(context.clock.Monotonic()),
      call_(call) {}

void SessionReactor::Read() {
  const absl::MutexLock lock(&mutex_);
  if (finished_) {
    return;  // Nothing may be started any more: the stream may be gone.
  }
  // A new one each time: a used one would keep the room of the largest batch that ever came.
  incoming_ = std::make_unique<v1::AgentMessage>();
  StartRead(incoming_.get());
}

void SessionReactor::OnReadDone(bool ok) {
  if (!ok) {
    End(absl::OkStatus());  // The agent has said all it wanted to.
    return;
  }
  std::shared_ptr<const v1::AgentMessage> message;  // Shared with the task below.
  bool first = false;
  {
    const absl::MutexLock lock(&mutex_);
    message = std::move(incoming_);
    first = !std::exchange(greeted_, true);
    if (ending_.has_value()) {
      return;
    }
  }
  if (first != message->has_hello()) {
    End(absl::FailedPreconditionError(first ? "a session begins with Hello"
                                            : "a session has one Hello"));
  } else if (first) {  // Reading goes on when the host was taken in.
    context_.pool.Post([self = shared_from_this(), message] { self->TakeIn(message->hello()); });
  } else if (message->has_heartbeat()) {
    Heard(message->heartbeat());
  } else if (message->has_reports()) {
    Reported(message->reports());
  } else if (message->has_answer()) {
    context_.tasks.Answer(this, message->answer());
    Read();
  } else {
    Read();  // Something of a newer agent: passed over.
  }
}

void SessionReactor::Heard(const v1::Heartbeat& heartbeat) {
  context_.store.fleet().NoteSeen(host(), context_.clock.Now());
  const auto view = HeartbeatView(heartbeat);
  if (!view.ok()) {
    End(Annotate(view.status(), "Heartbeat"));
    return;
  }
  std::optional<Agreement::Question> question;
  {
    const absl::MutexLock lock(&mutex_);
    question = agreement_.Heard(*view, heartbeat.unacknowledged());
    if (question.has_value() && std::exchange(comparing_, true)) {
      next_question_ = std::exchange(question, std::nullopt);
    }
  }
  if (question.has_value()) {
    context_.pool.Post(
        [self = shared_from_this(), asked = *question] { self->CompareHeartbeat(asked); });
  }
  Read();
}

void SessionReactor::Reported(const v1::ReportBatch& batch) {
  if (batch.epoch().empty() || batch.epoch().size() > kMaxId) {
    End(InvalidArgument(
        "ReportBatch: the epoch has {} bytes, not 1 to {}", batch.epoch().size(), kMaxId));
    return;
  }
  v1::ReportList list;
  if (!list.ParseFromString(batch.reports())) {
    End(InvalidArgument("ReportBatch: the reports are not a ReportList"));
    return;
  }
  std::vector<Ingest> records = RecordsOf(host(), list);
  absl::StatusOr<SignedReports> checked = CheckSignature(host(), records, batch);
  if (!checked.ok()) {
    spdlog::error("{}", Message(checked.status()));
    End(checked.status());
    return;
  }
  std::optional<Agreement::Question> question;
  bool read_on = false;
  {
    const absl::MutexLock lock(&mutex_);
    agreement_.ReportsCame();
    if (const auto view = LastViewOf(list); view.has_value()) {
      question = agreement_.Heard(*view, 0);
    }
    ++batches_;
    paused_ = batches_ >= kWindow;
    read_on = !paused_;
  }
  context_.store.reports().Ingest(host(),
                                  batch.epoch(),
                                  std::move(records),
                                  *std::move(checked),
                                  [self = shared_from_this(), epoch = batch.epoch(), question](
                                      const absl::StatusOr<uint64_t>& stored) {
                                    // Sending takes time that the store's thread has better use
                                    // for.
                                    self->context_.pool.Post([self, epoch, stored, question] {
                                      self->Stored(epoch, stored, question);
                                    });
                                  });
  if (read_on) {
    Read();
  }
}

void SessionReactor::Stored(const std::string& epoch,
                            const absl::StatusOr<uint64_t>& stored,
                            const std::optional<Agreement::Question>& question) {
  if (!stored.ok()) {
    spdlog::error(
        "reports of host {} are not stored: {}; the session ends, the host sends them again",
        host(),
        Message(stored.status()));
    End(Unavailable("reports were not stored, send them again: {}", Message(stored.status())));
    return;
  }
  for (const Change::Kind kind : {Change::Kind::kDrift, Change::Kind::kState, Change::Kind::kRun}) {
    context_.changes.Tell(kind, host());
  }
  bool read_on = false;
  {
    const absl::MutexLock lock(&mutex_);
    --batches_;
    read_on = std::exchange(paused_, false) && !ending_.has_value();
    outbox_.PutAcknowledgement(epoch, *stored);
    Pump();
  }
  if (read_on) {
    Read();
  }
  if (question.has_value()) {
    Compare(*question);
  }
}

void SessionReactor::Compare(const Agreement::Question& question) {
  const auto record = context_.store.fleet().GetHost(host());
  if (record.ok() && !question.host.revision.empty() &&
      record->revision_id != question.host.revision) {
    HostRecord changed = *record;
    changed.revision_id = question.host.revision;
    if (const absl::Status noted = context_.store.fleet().NoteSession(changed); !noted.ok()) {
      spdlog::error("host {}: its revision is not noted: {}; the next heartbeat says it again",
                    host(),
                    Message(noted));
    }
  }
  const absl::MutexLock lock(&mutex_);
  if (!record.ok()) {
    return;  // The next heartbeat asks again.
  }
  const Agreement::View store{
      record->states, record->catalog, record->revision_id, record->packages};
  const Agreement::Wish wish = agreement_.Compared(question, store, context_.clock.Monotonic());
  if (wish.states) {
    spdlog::info("host {}: its states are not what is stored; asking for all of them", host());
    outbox_.PutResync();
  }
  if (wish.packages) {
    spdlog::info("host {}: its packages are not what is stored; asking for all of them", host());
    outbox_.PutPackagesResync();
  }
  if (wish != Agreement::Wish()) {
    Pump();
  }
}

void SessionReactor::CompareHeartbeat(Agreement::Question question) {
  while (true) {
    Compare(question);
    const absl::MutexLock lock(&mutex_);
    if (!next_question_.has_value()) {
      comparing_ = false;
      return;
    }
    question = *std::exchange(next_question_, std::nullopt);
  }
}

void SessionReactor::TakeIn(const v1::Hello& hello) {
  if (const absl::Status status = Establish(hello); !status.ok()) {
    spdlog::warn("host {} ({}) is not taken in: {}", host(), address_, Message(status));
    End(status);
    return;
  }
  spdlog::info("host {} connected from {}, agent {}", host(), address_, hello.agent_version());
  Read();
}

absl::Status SessionReactor::Claim(const HostRecord& host, const v1::Hello& hello) {
  if (host.revoked) {
    return PermissionDenied("host {} was revoked; enrol it anew", host.name);
  }
  auto before = context_.sessions.Claim(shared_from_this(), hello.machine_id());
  if (absl::IsAlreadyExists(before.status())) {
    context_.auditor.Act(peer_.Who(), "two hosts with one key", Message(before.status()));
  }
  RETURN_IF_ERROR(before.status());
  if (*before != nullptr) {
    (*before)->End(Aborted("a newer session of the same machine took its place"));
  }
  // Only now: a revocation either is seen here, or finds this session in the registry.
  if (context_.revocations.Contains(peer_.serial)) {
    return PermissionDenied("the certificate of {} was revoked", peer_.Who());
  }
  return absl::OkStatus();
}

void SessionReactor::NoteHello(HostRecord host, const v1::Hello& hello, const Digest& revision) {
  if (!host.machine_id.empty() && host.machine_id != hello.machine_id()) {
    context_.auditor.Act(peer_.Who(),
                         "machine changed",
                         fmt::format("its certificate is used on the machine {} now, it was on {}",
                                     hello.machine_id(),
                                     host.machine_id));
  }
  const absl::Time now = context_.clock.Now();
  context_.store.fleet().NoteSeen(host.name, now);
  const bool known = host.machine_id == hello.machine_id() && host.address == address_ &&
                     host.agent_version == hello.agent_version() && host.revision_id == revision &&
                     host.last_seen != absl::InfinitePast();
  if (known) {
    return;  // Nothing to write: thousands may be coming back at once.
  }
  host.machine_id = hello.machine_id();
  host.address = address_;
  host.agent_version = hello.agent_version().substr(0, kMaxId);
  host.revision_id = revision;
  host.last_seen = now;
  if (const absl::Status noted = context_.store.fleet().NoteSession(host); !noted.ok()) {
    spdlog::error("host {}: its version and address are not noted: {}", host.name, Message(noted));
  }
}

absl::Status SessionReactor::Establish(const v1::Hello& hello) {
  RETURN_IF_ERROR(CheckHello(hello));
  ASSIGN_OR_RETURN(const Agreement::View view, ViewOf(hello));
  auto record = context_.store.fleet().GetHost(host());
  if (absl::IsNotFound(record.status())) {
    return PermissionDenied("{} is not enrolled on this server", peer_.Who());
  }
  RETURN_IF_ERROR(record.status());
  RETURN_IF_ERROR(Claim(*record, hello));
  context_.changes.Tell(Change::Kind::kHost, host());
  ASSIGN_OR_RETURN(const uint64_t acknowledged,
                   context_.store.reports().Acknowledged(host(), hello.epoch()));
  if (hello.next_sequence() <= acknowledged) {
    context_.auditor.Act(
        peer_.Who(),
        "restored or cloned",
        fmt::format("its next report has the number {}, and {} are stored; it begins a new epoch",
                    hello.next_sequence(),
                    acknowledged));
  }
  NoteHello(*std::move(record), hello, view.revision);
  v1::HelloAck ack;
  ack.set_server_time_us(absl::ToUnixMicros(context_.clock.Now()));
  ack.set_heartbeat_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(context_.config.heartbeat)));
  ack.set_reconnect_window_seconds(
      static_cast<uint32_t>(absl::ToInt64Seconds(context_.config.reconnect_window)));
  ack.set_acknowledged(acknowledged);
  std::optional<Agreement::Question> question;
  {
    const absl::MutexLock lock(&mutex_);
    established_ = true;
    outbox_.PutHelloAck(std::move(ack));
    question = agreement_.Heard(view, hello.next_sequence() - acknowledged - 1);
    Pump();
  }
  ASSIGN_OR_RETURN(const Assignment assignment, context_.assigner.For(host()));
  Assign(assignment);
  if (question.has_value()) {
    Compare(*question);
  }
  return absl::OkStatus();
}

void SessionReactor::Assign(const Assignment& assignment) {
  const absl::MutexLock lock(&mutex_);
  if (outbox_.PutAssignment(assignment)) {
    sent_revisions_.push_back(assignment.revision->id);
    if (sent_revisions_.size() > kRememberedRevisions) {
      sent_revisions_.pop_front();
    }
    Pump();
  }
}

std::vector<Digest> SessionReactor::SentRevisions() const {
  const absl::MutexLock lock(&mutex_);
  std::vector<Digest> sent(sent_revisions_.begin(), sent_revisions_.end());
  sent.insert(sent.end(), planned_revisions_.begin(), planned_revisions_.end());
  return sent;
}

bool SessionReactor::RequestRun(const std::string& id, const std::string& reason) {
  const absl::MutexLock lock(&mutex_);
  if (!established_ || ending_.has_value() || !outbox_.PutRun(id, reason)) {
    return false;
  }
  Pump();
  return true;
}

bool SessionReactor::Pause(absl::Duration span, const std::string& reason, const std::string& by) {
  const absl::MutexLock lock(&mutex_);
  if (!established_ || ending_.has_value()) {
    return false;
  }
  v1::PauseOrder order;
  order.set_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(span)));
  order.set_reason(reason);
  order.set_by(by);
  outbox_.PutPause(std::move(order));
  Pump();
  return true;
}

bool SessionReactor::Ask(const v1::Task& task, const Digest* revision) {
  const absl::MutexLock lock(&mutex_);
  if (!established_ || ending_.has_value() || !outbox_.PutTask(task)) {
    return false;
  }
  if (revision != nullptr) {
    std::erase(planned_revisions_, *revision);
    planned_revisions_.push_back(*revision);
    if (planned_revisions_.size() > kRememberedRevisions) {
      planned_revisions_.pop_front();
    }
  }
  Pump();
  return true;
}

void SessionReactor::EndLocked(const absl::Status& why) {
  if (!ending_.has_value()) {
    ending_ = why;
    ending_since_ = context_.clock.Monotonic();
  }
  Pump();
}

void SessionReactor::End(const absl::Status& why) {
  const absl::MutexLock lock(&mutex_);
  outbox_.Clear();
  EndLocked(why);
}

void SessionReactor::Drain(absl::Duration reconnect_window) {
  const absl::MutexLock lock(&mutex_);
  outbox_.PutDrain(static_cast<uint32_t>(absl::ToInt64Seconds(reconnect_window)));
  EndLocked(Unavailable("the server is stopping; connect again"));
}

void SessionReactor::Tend() {
  const absl::MutexLock lock(&mutex_);
  const absl::Duration now = context_.clock.Monotonic();
  if (ending_.has_value()) {
    if (call_ != nullptr && now - ending_since_ > kFarewellWithin) {
      call_->TryCancel();
    }
  } else if (!greeted_ && now - opened_ > kHelloWithin) {
    EndLocked(DeadlineExceeded("no Hello came within {}", absl::FormatDuration(kHelloWithin)));
  } else if (context_.clock.Now() >= peer_.expires) {
    outbox_.Clear();
    EndLocked(absl::UnauthenticatedError(
        fmt::format("the certificate of {} expired at {}", peer_.Who(), Rfc3339(peer_.expires))));
  }
}

void SessionReactor::Pump() {
  if (finished_ || writing_) {
    return;
  }
  if (auto next = outbox_.Next(); next.has_value()) {
    outgoing_ = *std::move(next);
    writing_ = true;
    StartWrite(&outgoing_);
  } else if (ending_.has_value()) {
    finished_ = true;
    Finish(ToGrpc(*ending_));
  }
}

void SessionReactor::OnWriteDone(bool ok) {
  const absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) {
    outbox_.Clear();
    EndLocked(absl::CancelledError("the connection is lost"));
    return;
  }
  Pump();
}

void SessionReactor::OnCancel() {
  End(absl::CancelledError("the connection is lost"));
}

void SessionReactor::OnDone() {
  context_.sessions.Closed(*this);
  context_.changes.Tell(Change::Kind::kHost, host());
  context_.tasks.Gone(this);
  std::shared_ptr<SessionReactor> self;
  {
    const absl::MutexLock lock(&mutex_);
    call_ = nullptr;
    self = std::move(self_);
    if (established_) {
      spdlog::info("host {} disconnected{}{}",
                   host(),
                   ending_->ok() ? "" : ": ",
                   ending_->ok() ? "" : Message(*ending_));
    }
  }
}

}  // namespace fettle::server
