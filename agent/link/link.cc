// SPDX-License-Identifier: Apache-2.0
#include "agent/link/link.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::link {
namespace {

constexpr char kSession[] = "/fettle.v1.AgentGateway/Session";
constexpr char kFetchBlobs[] = "/fettle.v1.AgentGateway/FetchBlobs";
constexpr char kRenew[] = "/fettle.v1.AgentGateway/Renew";
constexpr absl::Duration kFetchTime = absl::Minutes(30);
constexpr absl::Duration kRenewTime = absl::Minutes(1);
// Not more often than servers allow pings.
constexpr absl::Duration kBetweenPings = absl::Minutes(2);
constexpr std::size_t kMostFetches = 8;

// Uniform in [0, 1).
double RandomShare() {
  uint64_t bits = 0;
  std::memcpy(&bits, RandomBytes(sizeof bits).data(), sizeof bits);
  constexpr int kMantissa = 53;
  return static_cast<double>(bits >> (64 - kMantissa)) /
         static_cast<double>(uint64_t{1} << kMantissa);
}

// Seconds with one digit: "12.3 s".
std::string Seconds(absl::Duration wait) {
  return fmt::format("{:.1f} s", absl::ToDoubleSeconds(wait));
}

// For poll(2), rounded up: nothing is woken for in vain.
int Milliseconds(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) {
    return -1;
  }
  constexpr absl::Duration kLongest = absl::Hours(24);
  return static_cast<int>(absl::ToInt64Milliseconds(
      absl::Ceil(std::clamp(wait, absl::ZeroDuration(), kLongest), absl::Milliseconds(1))));
}

pki::TlsIdentity IdentityOf(const v1::Credentials& credentials) {
  return {.ca = credentials.ca(),
          .certificate = credentials.certificate(),
          .private_key = credentials.private_key()};
}

}  // namespace

void Link::Run() {
  while (!engine_gone_) {
    Wait();
    TakeFromEngine();
    if (auto dialled = dialer_.Take(); dialled.has_value()) {
      OnDialled(*std::move(dialled));
    }
    if (connection_ != nullptr) {
      EndLateCalls();
      TakeFromServer();
      GiveUpOnSilence();
    }
    TakeFromProber();
    if (clock_.Monotonic() >= retry_at_) {
      Connect();
    }
  }
}

// Until there is something to do.
void Link::Wait() {
  const bool connected = connection_ != nullptr;
  constexpr short kBoth = POLLIN | POLLOUT;
  constexpr short kIn = POLLIN;
  const short server = connected && connection_->wants_write() ? kBoth : kIn;
  const short prober = prober_.wants_write() ? kBoth : kIn;
  std::array<pollfd, 4> watched = {{{engine_.fd(), POLLIN, 0},
                                    {dialer_.fd(), POLLIN, 0},
                                    {connected ? connection_->fd() : -1, server, 0},
                                    {prober_.fd(), prober, 0}}};
  absl::Duration until = std::min({retry_at_, greet_by_, prober_.until()});
  for (const std::optional<Asked>& asked : {fetch_, renew_}) {
    until = std::min(until, asked.has_value() ? asked->until : absl::InfiniteDuration());
  }
  const bool at_once = connected && connection_->has_news();
  const int limit = at_once ? 0 : Milliseconds(until - clock_.Monotonic());
  static_cast<void>(::poll(watched.data(), watched.size(), limit));
}

void Link::TakeFromEngine() {
  engine_gone_ = !engine_.Read().ok();
  while (true) {
    absl::StatusOr<std::optional<v1::ToLink>> message = engine_.Take();
    engine_gone_ = engine_gone_ || !message.ok();
    if (engine_gone_ || !message->has_value()) {
      return;
    }
    Obey(**std::move(message));
  }
}

void Link::Obey(v1::ToLink message) {
  switch (message.body_case()) {
    case v1::ToLink::kSend:
      SendToServer(message.send());
      return;
    case v1::ToLink::kFetch:
      if (connection_ == nullptr || fetches_.size() >= kMostFetches) {
        TellFetchDone(connection_ == nullptr ? "not connected" : "too many fetches at once");
        return;
      }
      fetches_.push_back(std::move(*message.mutable_fetch()));
      StartFetch();
      return;
    case v1::ToLink::kCredentials:
      UseCredentials(std::move(*message.mutable_credentials()));
      return;
    case v1::ToLink::kRenew:
      Renew(message.renew());
      return;
    case v1::ToLink::kProbe:
      Probe(message.probe());
      return;
    case v1::ToLink::BODY_NOT_SET:
      return;
  }
}

// What is said without a session says nothing that a new one would not say again.
void Link::SendToServer(const v1::AgentMessage& message) {
  if (!session_.has_value() || !told_) {
    return;
  }
  connection_->Send(*session_, message);
  const absl::Duration now = clock_.Monotonic();
  if (message.has_heartbeat() && now - pinged_at_ >= kBetweenPings) {
    pinged_at_ = now;
    connection_->Ping();
  }
}

void Link::UseCredentials(v1::Credentials credentials) {
  credentials_ = std::move(credentials);
  if (dialer_.busy()) {
    reconnect_ = true;
    return;
  }
  if (connection_ != nullptr) {
    Drop("connecting anew with other credentials");
  }
  Connect();
}

void Link::Connect() {
  retry_at_ = absl::InfiniteDuration();
  if (dialer_.busy() || connection_ != nullptr) {
    return;
  }
  greeted_ = false;
  dialer_.Start(credentials_.server(), IdentityOf(credentials_));
}

void Link::OnDialled(absl::StatusOr<pki::TlsConnection> dialled) {
  if (std::exchange(reconnect_, false)) {
    Connect();
    return;
  }
  if (!dialled.ok()) {
    LoseSession(dialled.status());
    return;
  }
  connection_ = std::make_unique<GrpcConnection>(*std::move(dialled), credentials_.server());
  pinged_at_ = clock_.Monotonic();
  session_ = connection_->Start(kSession);
  greet_by_ = clock_.Monotonic() + greet_time_;
}

// Pings go with heartbeats, and those begin with the answer to Hello: until then time is limited.
void Link::GiveUpOnSilence() {
  if (connection_ != nullptr && clock_.Monotonic() >= greet_by_) {
    LoseSession(DeadlineExceeded("it took the connection, but did not answer for {}",
                                 absl::FormatDuration(greet_time_)));
  }
}

void Link::TakeFromServer() {
  std::vector<CallEvent> events;
  const absl::Status alive = connection_->Process(&events);
  if (connection_->ready() && !std::exchange(told_, true)) {
    TellStatus(true, "");
  }
  for (CallEvent& event : events) {
    OnEvent(std::move(event));
    if (connection_ == nullptr) {
      return;  // The session has ended, and all with it.
    }
  }
  if (!alive.ok()) {
    LoseSession(alive);
  }
}

void Link::OnEvent(CallEvent event) {
  const bool message = event.message.has_value();
  if (session_ == event.call && message) {
    OnReceived(*event.message);
  } else if (session_ == event.call) {
    LoseSession(event.ended);
  } else if (fetch_.has_value() && fetch_->call == event.call && message) {
    OnBlob(*event.message);
  } else if (fetch_.has_value() && fetch_->call == event.call) {
    OnFetched(event.ended);
  } else if (renew_.has_value() && renew_->call == event.call) {
    OnRenewed(event);
  }
}

void Link::OnReceived(const std::string& body) {
  v1::FromLink up;
  v1::ServerMessage& message = *up.mutable_received();
  if (!message.ParseFromString(body)) {
    LoseSession(Internal("it sent what is no message"));
    return;
  }
  if (message.has_hello_ack()) {
    greeted_ = true;
    greet_by_ = absl::InfiniteDuration();
    backoff_.Accepted(absl::Seconds(message.hello_ack().reconnect_window_seconds()));
  } else if (message.has_drain()) {
    backoff_.Accepted(absl::Seconds(message.drain().reconnect_window_seconds()));
  }
  Tell(up);
}

// Ends the session and all calls, as the engine wants it.
void Link::Drop(const std::string& why) {
  connection_.reset();
  session_.reset();
  told_ = false;
  greet_by_ = absl::InfiniteDuration();
  if (fetch_.has_value()) {
    OnFetched(Unavailable("{}", why));
  }
  while (!fetches_.empty()) {
    fetches_.pop_front();
    TellFetchDone(why);
  }
  if (renew_.has_value()) {
    renew_.reset();
    TellRenewFailed(why);
  }
  TellStatus(false, why);
}

void Link::LoseSession(const absl::Status& why) {
  const absl::Duration wait = backoff_.Next(RandomShare());
  Drop(fmt::format("{}; trying again in {}", WhyLost(why), Seconds(wait)));
  retry_at_ = clock_.Monotonic() + wait;
}

std::string Link::WhyLost(const absl::Status& status) const {
  const std::string& server = credentials_.server();
  if (status.ok()) {
    return fmt::format("{} ended the session", server);
  }
  if (connection_ != nullptr && connection_->lost() && !greeted_) {
    return fmt::format(
        "{} closed the connection without an answer ({}): it does not accept this host's "
        "certificate (expired, or of another authority), or it is not a fettle-server's agent port",
        server,
        Message(status));
  }
  return fmt::format("{} {}: {}", greeted_ ? "lost" : "cannot reach", server, Message(status));
}

void Link::StartFetch() {
  if (fetch_.has_value() || fetches_.empty() || connection_ == nullptr) {
    return;
  }
  const int32_t call = connection_->Start(kFetchBlobs, kFetchTime);
  fetch_ = Asked{call, clock_.Monotonic() + kFetchTime};
  connection_->Send(call, fetches_.front());
  connection_->Finish(call);
}

void Link::OnBlob(const std::string& body) {
  v1::FromLink up;
  if (up.mutable_blob()->ParseFromString(body)) {
    Tell(up);
    return;
  }
  connection_->Cancel(fetch_->call);
  OnFetched(Internal("the server sent what is no message"));
}

void Link::OnFetched(const absl::Status& ended) {
  fetch_.reset();
  fetches_.pop_front();
  TellFetchDone(std::string(Message(ended)));
  StartFetch();
}

void Link::Renew(const v1::RenewRequest& request) {
  if (connection_ == nullptr || renew_.has_value()) {
    TellRenewFailed(connection_ == nullptr ? "not connected" : "a renewal is already under way");
    return;
  }
  const int32_t call = connection_->Start(kRenew, kRenewTime);
  renew_ = Asked{call, clock_.Monotonic() + kRenewTime};
  renewed_.reset();
  connection_->Send(call, request);
  connection_->Finish(call);
}

void Link::OnRenewed(const CallEvent& event) {
  if (event.message.has_value()) {
    renewed_ = event.message;
    return;
  }
  renew_.reset();
  v1::FromLink up;
  if (event.ended.ok() && renewed_.has_value() &&
      up.mutable_renewed()->ParseFromString(*renewed_)) {
    Tell(up);
    return;
  }
  TellRenewFailed(event.ended.ok() ? "the server sent what is no answer"
                                   : std::string(Message(event.ended)));
}

void Link::EndLateCalls() {
  const absl::Duration now = clock_.Monotonic();
  if (fetch_.has_value() && now >= fetch_->until) {
    connection_->Cancel(fetch_->call);
    OnFetched(DeadlineExceeded("the server did not send everything within {}",
                               absl::FormatDuration(kFetchTime)));
  }
  if (renew_.has_value() && now >= renew_->until) {
    connection_->Cancel(renew_->call);
    renew_.reset();
    TellRenewFailed("the server did not answer in time");
  }
}

void Link::Probe(const v1::Probe& probe) {
  if (prober_.busy()) {
    TellProbed(probe.id(), "another probe is under way");
    return;
  }
  prober_.Start(probe.id(),
                probe.credentials().server(),
                IdentityOf(probe.credentials()),
                clock_.Monotonic());
}

void Link::TakeFromProber() {
  if (const auto result = prober_.Process(clock_.Monotonic()); result.has_value()) {
    TellProbed(result->id, result->error);
  }
}

void Link::Tell(const v1::FromLink& message) {
  if (!engine_.Write(message).ok()) {
    engine_gone_ = true;
  }
}

void Link::TellStatus(bool connected, const std::string& error) {
  v1::FromLink up;
  up.mutable_status()->set_connected(connected);
  up.mutable_status()->set_error(error);
  Tell(up);
}

void Link::TellFetchDone(const std::string& error) {
  v1::FromLink up;
  up.mutable_fetch_done()->set_error(error);
  Tell(up);
}

void Link::TellRenewFailed(const std::string& error) {
  v1::FromLink up;
  up.set_renew_failed(error);
  Tell(up);
}

void Link::TellProbed(uint64_t id, const std::string& error) {
  v1::FromLink up;
  up.mutable_probed()->set_id(id);
  up.mutable_probed()->set_error(error);
  Tell(up);
}

}  // namespace fettle::link
