// SPDX-License-Identifier: Apache-2.0
#include "agent/link/prober.h"

#include <utility>
#include <vector>

#include "fettle/v1/agent.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::link {

void Prober::Start(uint64_t id,
                   const std::string& server,
                   const pki::TlsIdentity& identity,
                   absl::Duration now) {
  id_ = id;
  server_ = server;
  until_ = now + kPatience;
  // It ends before the probe does: the next one dials anew, maybe from another address.
  dialer_.Start(server, identity, kPatience - absl::Seconds(1));
}

void Prober::Ask(pki::TlsConnection tls) {
  connection_ = std::make_unique<GrpcConnection>(std::move(tls), server_);
  const int32_t call = connection_->Start("/fettle.v1.AgentGateway/FetchBlobs", kPatience);
  connection_->Send(call, v1::FetchBlobsRequest());
  connection_->Finish(call);
}

std::optional<absl::Status> Prober::Advance() {
  if (auto dialled = dialer_.Take(); dialled.has_value() && until_ != absl::InfiniteDuration()) {
    if (!dialled->ok()) {
      return dialled->status();
    }
    Ask(**std::move(dialled));
  }
  if (connection_ == nullptr) {
    return std::nullopt;
  }
  std::vector<CallEvent> events;
  const absl::Status alive = connection_->Process(&events);
  for (const CallEvent& event : events) {
    if (!event.message.has_value()) {
      return event.ended;
    }
  }
  return alive.ok() ? std::nullopt : std::optional(alive);
}

std::optional<Prober::Result> Prober::Process(absl::Duration now) {
  std::optional<absl::Status> ended = Advance();
  if (!ended.has_value() && now >= until_) {
    ended = DeadlineExceeded("no answer for {}", absl::FormatDuration(kPatience));
  }
  if (!ended.has_value()) {
    return std::nullopt;
  }
  connection_.reset();
  until_ = absl::InfiniteDuration();
  return Result{id_,
                ended->ok() ? "" : fmt::format("cannot reach {}: {}", server_, Message(*ended))};
}

}  // namespace fettle::link
