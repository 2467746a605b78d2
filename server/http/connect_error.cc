// SPDX-License-Identifier: Apache-2.0
#include "server/http/connect_error.h"

#include <array>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"

namespace fettle::server::http {
namespace {

struct Code {
  absl::StatusCode code;
  std::string_view name;
  int status;
};

constexpr std::array<Code, 16> kCodes = {{
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 400},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
}};

const Code& Find(absl::StatusCode code) {
  for (const Code& one : kCodes) {
    if (one.code == code) {
      return one;
    }
  }
  return kCodes[1];
}

}  // namespace

int HttpStatus(absl::StatusCode code) {
  return Find(code).status;
}

std::string ErrorJson(const absl::Status& status) {
  const nlohmann::json error = {{"code", Find(status.code()).name},
                                {"message", std::string(Message(status))}};
  // Messages may quote what hosts and callers sent.
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Response ErrorResponse(const absl::Status& status) {
  return JsonResponse(HttpStatus(status.code()), ErrorJson(status));
}

}  // namespace fettle::server::http
