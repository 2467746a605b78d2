// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc_status.h"

#include <string>

#include "lib/base/status_macros.h"

namespace fettle::server {
namespace {

// A client takes 8 KiB of trailers by default; what is not printable ASCII costs three bytes there.
constexpr std::size_t kMaxEncoded = 7000;
constexpr std::size_t kEscaped = 3;

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  const std::string_view message = Message(status);
  std::size_t encoded = 0;
  std::size_t end = 0;
  while (end < message.size() && encoded < kMaxEncoded) {
    const bool plain = message[end] >= 0x20 && message[end] < 0x7F && message[end] != '%';
    encoded += plain ? 1 : kEscaped;
    ++end;
  }
  std::string text(message.substr(0, end));
  if (end < message.size()) {
    text = fmt::format("{}\n(and more that does not fit)", text.substr(0, text.rfind('\n')));
  }
  return {static_cast<grpc::StatusCode>(status.code()), text};
}

}  // namespace fettle::server
