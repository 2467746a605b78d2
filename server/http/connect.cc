// SPDX-License-Identifier: Apache-2.0
#include "server/http/connect.h"

#include <algorithm>
#include <array>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/api/local_callers.h"
#include "server/http/connect_error.h"
#include "server/http/in_process_call.h"

namespace fettle::server::http {
namespace {

namespace pb = google::protobuf;

// The services for people. Those of agents and enrolment are gRPC's alone.
constexpr std::array<std::string_view, 6> kServices = {"fettle.v1.Compliance",
                                                       "fettle.v1.Console",
                                                       "fettle.v1.Evidence",
                                                       "fettle.v1.Fleet",
                                                       "fettle.v1.History",
                                                       "fettle.v1.Policy"};

constexpr char kUnaryType[] = "application/json";
constexpr char kStreamType[] = "application/connect+json";
constexpr absl::Duration kUsualTime = absl::Seconds(60);
constexpr absl::Duration kMostTime = absl::Hours(1);
constexpr std::size_t kEnvelope = 5;  // A byte of flags, four of length.
constexpr char kEndOfStream = 2;

std::string_view MediaType(const Request& request) {
  const std::string_view type = request.Header("content-type");
  return Trim(type.substr(0, type.find(';')));
}

absl::Duration TimeOf(const Request& request) {
  int64_t milliseconds = 0;
  const bool said =
      ParseInt(request.Header("connect-timeout-ms"), &milliseconds) && milliseconds > 0;
  return said ? std::min(absl::Milliseconds(milliseconds), kMostTime) : kUsualTime;
}

std::unique_ptr<pb::Message> NewMessage(const pb::Descriptor* type) {
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

absl::StatusOr<std::string> BytesOfJson(const pb::Descriptor* type, const std::string& json) {
  const auto message = NewMessage(type);
  const auto parsed = pb::util::JsonStringToMessage(json.empty() ? "{}" : json, message.get());
  if (!parsed.ok()) {
    return InvalidArgument("the request is no {} in JSON: {}",
                           type->name(),
                           std::string(parsed.message().data(), parsed.message().size()));
  }
  return message->SerializeAsString();
}

absl::StatusOr<std::string> JsonOfBytes(const pb::Descriptor* type, const std::string& bytes) {
  const auto message = NewMessage(type);
  std::string json;
  if (!message->ParseFromString(bytes) || !pb::util::MessageToJsonString(*message, &json).ok()) {
    return Internal("the answer cannot be written as JSON");
  }
  return json;
}

std::string Envelope(char flags, const std::string& json) {
  std::string text(1, flags);
  for (int shift = 24; shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>((json.size() >> shift) & 0xFF));
  }
  return text + json;
}

// The one message of a stream's request.
absl::StatusOr<std::string> OpenEnvelope(const std::string& body) {
  std::size_t size = 0;
  for (std::size_t i = 1; i < std::min(kEnvelope, body.size()); ++i) {
    size = size << 8 | static_cast<unsigned char>(body[i]);
  }
  if (body.size() < kEnvelope || body[0] != 0 || body.size() != kEnvelope + size) {
    return InvalidArgument("the request is not one message in an envelope, not compressed");
  }
  return body.substr(kEnvelope);
}

}  // namespace

struct ConnectApi::Method {
  const pb::MethodDescriptor* descriptor = nullptr;

  std::string Path() const {
    return fmt::format("/{}/{}", descriptor->service()->full_name(), descriptor->name());
  }
};

bool ConnectApi::Serves(const Request& request) {
  return request.path.starts_with("/fettle.v1.");
}

absl::StatusOr<ConnectApi::Method> ConnectApi::Find(const Request& request) const {
  const std::vector<std::string_view> parts = Split(std::string_view(request.path).substr(1), '/');
  const bool known = parts.size() == 2 &&
                     std::find(kServices.begin(), kServices.end(), parts[0]) != kServices.end();
  const pb::ServiceDescriptor* const service =
      known ? pb::DescriptorPool::generated_pool()->FindServiceByName(std::string(parts[0]))
            : nullptr;
  const pb::MethodDescriptor* const method =
      service == nullptr ? nullptr : service->FindMethodByName(std::string(parts[1]));
  if (method == nullptr) {
    return absl::UnimplementedError("there is no such method; docs/api.md lists them");
  }
  if (method->client_streaming()) {
    return absl::UnimplementedError(
        fmt::format("{} takes a stream of requests: call it over gRPC", method->name()));
  }
  return Method{method};
}

Response ConnectApi::Handle(const Request& request) const {
  const auto method = Find(request);
  if (!method.ok()) {
    return JsonResponse(404, ErrorJson(method.status()));
  }
  if (request.method != "POST") {
    Response response = TextResponse(405, "methods are called with POST");
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  const bool streams = method->descriptor->server_streaming();
  const char* const type = streams ? kStreamType : kUnaryType;
  if (MediaType(request) != type) {
    return TextResponse(415, fmt::format("this method takes Content-Type: {}", type));
  }
  const auto caller = CallerOf(context_, request);
  absl::Status status = caller.ok() ? CheckOrigin(request, caller->by_cookie) : caller.status();
  if (status.ok() && caller->by_cookie && method->descriptor->service()->name() == "Console") {
    status = PermissionDenied("a session ends when it ends: it makes no tokens for others");
  }
  if (!status.ok()) {
    context_.auditor.Denied(caller.ok() ? caller->peer.Who() : request.address,
                            fmt::format("{}: {}", method->descriptor->name(), Message(status)));
    return ErrorResponse(status);
  }
  return streams ? HandleStream(request, *method, caller->peer)
                 : HandleUnary(request, *method, caller->peer);
}

Response ConnectApi::HandleUnary(const Request& request,
                                 const Method& method,
                                 const Peer& peer) const {
  const auto bytes = BytesOfJson(method.descriptor->input_type(), request.body);
  if (!bytes.ok()) {
    return ErrorResponse(bytes.status());
  }
  const LocalCallers::Entry entry(context_.callers, peer);
  std::string answer;
  const absl::Status status = Call(
      channel_, {method.Path(), entry.id(), *bytes, TimeOf(request)}, [&](const std::string& one) {
        answer = one;
        return true;
      });
  if (!status.ok()) {
    return ErrorResponse(status);
  }
  auto json = JsonOfBytes(method.descriptor->output_type(), answer);
  return json.ok() ? JsonResponse(200, *std::move(json)) : ErrorResponse(json.status());
}

Response ConnectApi::HandleStream(const Request& request,
                                  const Method& method,
                                  const Peer& peer) const {
  auto bytes = OpenEnvelope(request.body);
  if (bytes.ok()) {
    bytes = BytesOfJson(method.descriptor->input_type(), *bytes);
  }
  Response response;
  response.headers = {{"Content-Type", kStreamType}, {"Cache-Control", "no-store"}};
  response.stream = [this, method, peer, bytes, within = TimeOf(request)](const SendPart& send) {
    absl::Status status = bytes.status();
    if (status.ok()) {
      const LocalCallers::Entry entry(context_.callers, peer);
      absl::Status written;
      status =
          Call(channel_, {method.Path(), entry.id(), *bytes, within}, [&](const std::string& one) {
            const auto json = JsonOfBytes(method.descriptor->output_type(), one);
            written.Update(json.status());
            return json.ok() && send(Envelope(0, *json));
          });
      status = written.ok() ? status : written;
    }
    const std::string end =
        status.ok() ? "{}" : fmt::format(R"({{"error":{}}})", ErrorJson(status));
    send(Envelope(kEndOfStream, end));
  };
  return response;
}

}  // namespace fettle::server::http
