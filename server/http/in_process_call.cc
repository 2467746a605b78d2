// SPDX-License-Identifier: Apache-2.0
#include "server/http/in_process_call.h"

#include <vector>

#include "absl/time/clock.h"
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include "lib/log/request.h"
#include "server/api/local_callers.h"

namespace fettle::server::http {
namespace {

// The one thing that is under way in a queue.
bool Done(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok()) {
    bytes.reserve(buffer.Length());
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes;
}

}  // namespace

absl::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                  const InProcessCall& call,
                  const TakeAnswer& take) {
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.AddMetadata(LocalCallers::kHeader, call.caller);
  if (const std::string& request = log::CurrentRequestId(); !request.empty()) {
    context.AddMetadata(log::kRequestIdHeader, request);
  }
  context.set_deadline(absl::ToChronoTime(absl::Now() + call.within));
  const auto stream = stub.PrepareCall(&context, call.method, &queue);
  grpc::Status status;
  stream->StartCall(nullptr);
  if (Done(queue)) {
    const grpc::Slice request(call.request);
    stream->WriteLast(grpc::ByteBuffer(&request, 1), grpc::WriteOptions(), nullptr);
    Done(queue);  // If not, the status says why.
    grpc::ByteBuffer answer;
    for (stream->Read(&answer, nullptr); Done(queue); stream->Read(&answer, nullptr)) {
      if (!take(BytesOf(answer))) {
        context.TryCancel();
      }
      answer.Clear();
    }
  }
  stream->Finish(&status, nullptr);
  Done(queue);
  queue.Shutdown();
  Done(queue);
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace fettle::server::http
