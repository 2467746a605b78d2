// SPDX-License-Identifier: Apache-2.0
#include "agent/link/calls.h"

#include <chrono>
#include <utility>

namespace fettle::link {
namespace {

constexpr std::chrono::minutes kFetchDeadline{30};
constexpr std::chrono::minutes kRenewDeadline{1};
constexpr std::chrono::seconds kProbeDeadline{10};

}  // namespace

SessionCall::SessionCall(Handlers handlers,
                         v1::AgentGateway::Stub& stub,
                         grpc::CompletionQueue* queue)
    : handlers_(std::move(handlers)),
      start_{[this](bool ok) { OnStart(ok); }},
      read_{[this](bool ok) { OnRead(ok); }},
      write_{[this](bool ok) { OnWrite(ok); }},
      finish_{[this](bool /*ok*/) { handlers_.ended(status_); }} {
  stream_ = stub.PrepareAsyncSession(&context_, queue);
  stream_->StartCall(&start_);
}

void SessionCall::OnStart(bool ok) {
  if (!ok) {
    ending_ = true;
    End();
    return;
  }
  open_ = true;
  stream_->Read(&incoming_, &read_);
  handlers_.open();
}

void SessionCall::OnRead(bool ok) {
  if (!ok) {
    ending_ = true;
    End();
    return;
  }
  handlers_.received(std::exchange(incoming_, v1::ServerMessage()));
  stream_->Read(&incoming_, &read_);
}

void SessionCall::Send(v1::AgentMessage message) {
  if (!open_ || ending_) {
    return;  // It says nothing that a new session would not say again.
  }
  outgoing_.push_back(std::move(message));
  WriteNext();
}

void SessionCall::WriteNext() {
  if (writing_ || ending_ || outgoing_.empty()) {
    return;
  }
  writing_ = true;
  stream_->Write(outgoing_.front(), &write_);
}

void SessionCall::OnWrite(bool ok) {
  writing_ = false;
  outgoing_.pop_front();
  if (ending_) {
    End();
  } else if (ok) {
    WriteNext();
  }
  // A failed write is followed by a failed read, which ends the call.
}

// Asks for the status, once nothing else is under way.
void SessionCall::End() {
  if (!writing_) {
    stream_->Finish(&status_, &finish_);
  }
}

FetchCall::FetchCall(Handlers handlers,
                     const v1::FetchBlobsRequest& request,
                     v1::AgentGateway::Stub& stub,
                     grpc::CompletionQueue* queue)
    : handlers_(std::move(handlers)),
      start_{[this](bool ok) {
        if (ok) {
          stream_->Read(&incoming_, &read_);
        } else {
          stream_->Finish(&status_, &finish_);
        }
      }},
      read_{[this](bool ok) { OnRead(ok); }},
      finish_{[this](bool /*ok*/) { handlers_.ended(status_); }} {
  context_.set_deadline(std::chrono::system_clock::now() + kFetchDeadline);
  stream_ = stub.PrepareAsyncFetchBlobs(&context_, request, queue);
  stream_->StartCall(&start_);
}

void FetchCall::OnRead(bool ok) {
  if (!ok) {
    stream_->Finish(&status_, &finish_);
    return;
  }
  handlers_.chunk(incoming_);
  stream_->Read(&incoming_, &read_);
}

RenewCall::RenewCall(Ended ended,
                     const v1::RenewRequest& request,
                     v1::AgentGateway::Stub& stub,
                     grpc::CompletionQueue* queue)
    : finish_{
          [this, ended = std::move(ended)](bool /*ok*/) { ended(status_, std::move(response_)); }} {
  context_.set_deadline(std::chrono::system_clock::now() + kRenewDeadline);
  reader_ = stub.PrepareAsyncRenew(&context_, request, queue);
  reader_->StartCall();
  reader_->Finish(&response_, &status_, &finish_);
}

ProbeCall::ProbeCall(Ended ended,
                     const std::shared_ptr<grpc::Channel>& channel,
                     grpc::CompletionQueue* queue)
    : stub_(v1::AgentGateway::NewStub(channel)),
      start_{[this](bool ok) {
        if (ok) {
          stream_->Read(&incoming_, &read_);
        } else {
          stream_->Finish(&status_, &finish_);
        }
      }},
      read_{[this](bool /*ok*/) { stream_->Finish(&status_, &finish_); }},
      finish_{[this, ended = std::move(ended)](bool /*ok*/) { ended(status_); }} {
  context_.set_deadline(std::chrono::system_clock::now() + kProbeDeadline);
  stream_ = stub_->PrepareAsyncFetchBlobs(&context_, v1::FetchBlobsRequest(), queue);
  stream_->StartCall(&start_);
}

}  // namespace fettle::link
