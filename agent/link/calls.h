// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "fettle/v1/agent.grpc.pb.h"

// The calls of the link, each an object that lives until its last event has come back from
// the completion queue. All on the thread that drains the queue.
namespace fettle::link {

// What the completion queue hands back: something to call.
struct Tag {
  std::function<void(bool ok)> done;
};

// The session's stream. One write at a time, one read always.
class SessionCall {
 public:
  struct Handlers {
    std::function<void()> open;  // Connection and stream stand.
    std::function<void(v1::ServerMessage message)> received;
    std::function<void(const grpc::Status& status)> ended;  // Last; the call may be deleted in it.
  };

  SessionCall(Handlers handlers, v1::AgentGateway::Stub& stub, grpc::CompletionQueue* queue);
  SessionCall(const SessionCall&) = delete;
  SessionCall& operator=(const SessionCall&) = delete;

  void Send(v1::AgentMessage message);

  void Cancel() { context_.TryCancel(); }

 private:
  void OnStart(bool ok);
  void OnRead(bool ok);
  void OnWrite(bool ok);
  void WriteNext();
  void End();

  const Handlers handlers_;
  grpc::ClientContext context_;
  Tag start_;
  Tag read_;
  Tag write_;
  Tag finish_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::AgentMessage, v1::ServerMessage>> stream_;
  v1::ServerMessage incoming_;
  std::deque<v1::AgentMessage> outgoing_;
  grpc::Status status_;
  bool open_ = false;
  bool writing_ = false;
  bool ending_ = false;
};

// Fetches blobs, chunk by chunk.
class FetchCall {
 public:
  struct Handlers {
    std::function<void(const v1::BlobChunk& chunk)> chunk;
    std::function<void(const grpc::Status& status)> ended;  // Last, as above.
  };

  FetchCall(Handlers handlers,
            const v1::FetchBlobsRequest& request,
            v1::AgentGateway::Stub& stub,
            grpc::CompletionQueue* queue);
  FetchCall(const FetchCall&) = delete;
  FetchCall& operator=(const FetchCall&) = delete;

 private:
  void OnRead(bool ok);

  const Handlers handlers_;
  grpc::ClientContext context_;
  Tag start_;
  Tag read_;
  Tag finish_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::BlobChunk>> stream_;
  v1::BlobChunk incoming_;
  grpc::Status status_;
};

// Asks for a new certificate.
class RenewCall {
 public:
  using Ended = std::function<void(const grpc::Status& status, v1::RenewResponse response)>;

  RenewCall(Ended ended,
            const v1::RenewRequest& request,
            v1::AgentGateway::Stub& stub,
            grpc::CompletionQueue* queue);
  RenewCall(const RenewCall&) = delete;
  RenewCall& operator=(const RenewCall&) = delete;

 private:
  grpc::ClientContext context_;
  Tag finish_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::RenewResponse>> reader_;
  v1::RenewResponse response_;
  grpc::Status status_;
};

// Whether a server can be reached: connects anew, all of TLS with both certificates, and asks for
// no blobs, which a server answers only to a host that it knows.
class ProbeCall {
 public:
  using Ended = std::function<void(const grpc::Status& status)>;  // Last, as above.

  // `channel` is one that has not connected yet.
  ProbeCall(Ended ended,
            const std::shared_ptr<grpc::Channel>& channel,
            grpc::CompletionQueue* queue);
  ProbeCall(const ProbeCall&) = delete;
  ProbeCall& operator=(const ProbeCall&) = delete;

  void Cancel() { context_.TryCancel(); }

 private:
  const std::unique_ptr<v1::AgentGateway::Stub> stub_;
  grpc::ClientContext context_;
  Tag start_;
  Tag read_;
  Tag finish_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::BlobChunk>> stream_;
  v1::BlobChunk incoming_;
  grpc::Status status_;
};

}  // namespace fettle::link
