// SPDX-License-Identifier: Apache-2.0
#include "agent/link/link.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::link {
namespace {

constexpr int kMinute = 60'000;
constexpr std::size_t kMostFetches = 8;

// Uniform in [0, 1).
double RandomShare() {
  uint64_t bits = 0;
  std::memcpy(&bits, RandomBytes(sizeof bits).data(), sizeof bits);
  constexpr int kMantissa = 53;
  return static_cast<double>(bits >> (64 - kMantissa)) /
         static_cast<double>(uint64_t{1} << kMantissa);
}

std::chrono::system_clock::time_point After(absl::Duration wait) {
  return std::chrono::system_clock::now() +
         std::chrono::milliseconds(absl::ToInt64Milliseconds(wait));
}

// Seconds with one digit: "12.3 s".
std::string Seconds(absl::Duration wait) {
  return fmt::format("{:.1f} s", absl::ToDoubleSeconds(wait));
}

// One that connects by itself, whatever others there are.
std::shared_ptr<grpc::Channel> NewChannel(const v1::Credentials& credentials) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = credentials.ca();
  options.pem_private_key = credentials.private_key();
  options.pem_cert_chain = credentials.certificate();
  return grpc::CreateCustomChannel(
      credentials.server(), grpc::SslCredentials(options), LinkChannelArguments());
}

}  // namespace

grpc::ChannelArguments LinkChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.http2.bdp_probe", 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2 * kMinute);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kMinute / 3);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // A handshake may take long while a whole fleet reconnects; giving up early makes that worse.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMinute);
  // No state of an earlier connection: when to connect is ours to say.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

Link::Link(int engine_fd)
    : retry_{[this](bool ok) {
        retry_set_ = false;
        if (ok) {
          Connect();
        }
      }},
      wake_{[this](bool /*ok*/) {
        {
          const absl::MutexLock lock(&wake_mutex_);
          wake_set_ = false;
        }
        TakeFromEngine();
      }},
      engine_(engine_fd, [this] { Wake(); }) {}

Link::~Link() {
  retry_alarm_.Cancel();
  if (session_ != nullptr) {
    session_->Cancel();
  }
  if (probe_ != nullptr) {
    probe_->Cancel();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void Link::Wake() {
  const absl::MutexLock lock(&wake_mutex_);
  if (!wake_set_) {
    wake_set_ = true;
    wake_alarm_ = std::make_unique<grpc::Alarm>();
    wake_alarm_->Set(&queue_, std::chrono::system_clock::now(), &wake_);
  }
}

void Link::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (!engine_gone_ && queue_.Next(&tag, &ok)) {
    // A copy: what is called may delete the call that the tag is part of.
    const std::function<void(bool)> done = static_cast<Tag*>(tag)->done;
    done(ok);
  }
}

void Link::TakeFromEngine() {
  while (std::optional<v1::ToLink> message = engine_.Take()) {
    Obey(*std::move(message));
  }
  engine_gone_ = engine_gone_ || engine_.ended();
}

void Link::Obey(v1::ToLink message) {
  switch (message.body_case()) {
    case v1::ToLink::kSend:
      if (session_ != nullptr) {
        session_->Send(std::move(*message.mutable_send()));
      }
      return;
    case v1::ToLink::kFetch:
      if (stub_ == nullptr || fetches_.size() >= kMostFetches) {
        TellFetchDone(stub_ == nullptr ? "not connected" : "too many fetches at once");
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
      Probe(std::move(*message.mutable_probe()));
      return;
    case v1::ToLink::BODY_NOT_SET:
      return;
  }
}

void Link::UseCredentials(v1::Credentials credentials) {
  credentials_ = std::move(credentials);
  if (session_ != nullptr) {
    reconnect_ = true;
    session_->Cancel();
    return;
  }
  if (retry_set_) {
    retry_alarm_.Cancel();
  }
  Connect();
}

void Link::Connect() {
  if (session_ != nullptr) {
    return;
  }
  stub_ = v1::AgentGateway::NewStub(NewChannel(credentials_));
  greeted_ = false;
  SessionCall::Handlers handlers;
  handlers.open = [this] { OnOpen(); };
  handlers.received = [this](v1::ServerMessage message) { OnReceived(std::move(message)); };
  handlers.ended = [this](const grpc::Status& status) { OnEnded(status); };
  session_ = std::make_unique<SessionCall>(std::move(handlers), *stub_, &queue_);
}

void Link::OnOpen() {
  TellStatus(true, "");
}

void Link::OnReceived(v1::ServerMessage message) {
  if (message.has_hello_ack()) {
    greeted_ = true;
    backoff_.Accepted(absl::Seconds(message.hello_ack().reconnect_window_seconds()));
  } else if (message.has_drain()) {
    backoff_.Accepted(absl::Seconds(message.drain().reconnect_window_seconds()));
  }
  v1::FromLink up;
  *up.mutable_received() = std::move(message);
  Tell(up);
}

void Link::OnEnded(const grpc::Status& status) {
  const std::string why = WhyLost(status);
  session_.reset();  // And `status` with it.
  if (std::exchange(reconnect_, false)) {
    TellStatus(false, "connecting anew with other credentials");
    Connect();
    return;
  }
  const absl::Duration wait = backoff_.Next(RandomShare());
  TellStatus(false, fmt::format("{}; trying again in {}", why, Seconds(wait)));
  RetryAfter(wait);
}

std::string Link::WhyLost(const grpc::Status& status) const {
  const std::string& server = credentials_.server();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !greeted_ &&
      status.error_message().ends_with("Socket closed")) {
    return fmt::format(
        "{} closed the connection without an answer: it does not accept this host's certificate "
        "(expired, or of another authority), or it is not a fettle-server's agent port",
        server);
  }
  if (status.ok()) {
    return fmt::format("{} ended the session", server);
  }
  return fmt::format(
      "{} {}: {}", greeted_ ? "lost" : "cannot reach", server, status.error_message());
}

void Link::RetryAfter(absl::Duration wait) {
  retry_set_ = true;
  retry_alarm_.Set(&queue_, After(wait), &retry_);
}

void Link::StartFetch() {
  if (fetch_ != nullptr || fetches_.empty()) {
    return;
  }
  FetchCall::Handlers handlers;
  handlers.chunk = [this](const v1::BlobChunk& chunk) {
    v1::FromLink up;
    *up.mutable_blob() = chunk;
    Tell(up);
  };
  handlers.ended = [this](const grpc::Status& ended) {
    const std::string error = ended.ok() ? "" : ended.error_message();
    fetch_.reset();
    fetches_.pop_front();
    TellFetchDone(error);
    StartFetch();
  };
  fetch_ = std::make_unique<FetchCall>(std::move(handlers), fetches_.front(), *stub_, &queue_);
}

void Link::Renew(const v1::RenewRequest& request) {
  if (stub_ == nullptr || renew_ != nullptr) {
    v1::FromLink up;
    up.set_renew_failed(stub_ == nullptr ? "not connected" : "a renewal is already under way");
    Tell(up);
    return;
  }
  renew_ = std::make_unique<RenewCall>(
      [this](const grpc::Status& status, v1::RenewResponse response) {
        v1::FromLink up;
        if (status.ok()) {
          *up.mutable_renewed() = std::move(response);
        } else {
          up.set_renew_failed(status.error_message());
        }
        renew_.reset();
        Tell(up);
      },
      request,
      *stub_,
      &queue_);
}

void Link::Probe(v1::Probe probe) {
  if (probe_ != nullptr) {
    TellProbed(probe.id(), "another probe is under way");
    return;
  }
  probe_ = std::make_unique<ProbeCall>(
      [this, id = probe.id(), server = probe.credentials().server()](const grpc::Status& status) {
        const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
        const std::string error =
            status.ok() ? ""
                        : fmt::format("cannot reach {}: {}",
                                      server,
                                      late ? "no answer for 10 s" : status.error_message());
        probe_.reset();  // And `status` with it.
        TellProbed(id, error);
      },
      NewChannel(probe.credentials()),
      &queue_);
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

void Link::TellProbed(uint64_t id, const std::string& error) {
  v1::FromLink up;
  up.mutable_probed()->set_id(id);
  up.mutable_probed()->set_error(error);
  Tell(up);
}

}  // namespace fettle::link
